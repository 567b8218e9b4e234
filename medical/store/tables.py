"""The tables: studies to score and read, and the audit trail.

No table holds a patient's name, number or date of birth: a study is known by the key that we gave
it and the place of its images.
"""

from __future__ import annotations

from typing import Literal, get_args

from sqlalchemy import Float, Integer, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Status = Literal["received", "scoring", "ready", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)


class Base(DeclarativeBase):
    """What Alembic compares with the database."""


class Study(Base):
    """One input to score; ``lease_*`` say which worker has it and until when (s since 1970)."""

    __tablename__ = "studies"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    source: Mapped[str] = mapped_column(Text)
    folder: Mapped[str] = mapped_column(Text)
    status: Mapped[Status] = mapped_column(String(16), index=True)
    failure: Mapped[str] = mapped_column(Text, default="")
    stage: Mapped[str] = mapped_column(String(16), default="")
    fraction: Mapped[float] = mapped_column(Float, default=0.0)
    priority: Mapped[float] = mapped_column(Float, default=0.0)
    received_at: Mapped[float] = mapped_column(Float)
    lease_owner: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[float | None] = mapped_column(Float)
    attempts: Mapped[int] = mapped_column(Integer, default=0)


class AuditEntry(Base):
    """One line of the audit trail, chained to the one before by its hash."""

    __tablename__ = "audit"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(40))
    actor: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(100))
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
