"""The tables: studies to score and read, their findings, readers' decisions, and the audit trail.

A study is known by the key that we gave it, the UIDs of its images and their place. Who is on the
images stands in one table only, ``identities``, and only where the site shows it to its readers.
"""

from __future__ import annotations

from typing import Literal, get_args

from sqlalchemy import (
    Boolean,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Status = Literal["received", "scoring", "ready", "review", "signed", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)
SCORED: tuple[Status, ...] = ("ready", "review", "signed")
Verdict = Literal["open", "accepted", "rejected"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
Origin = Literal["model", "reader"]
JobKind = Literal["explain", "register"]


class Base(DeclarativeBase):
    """What Alembic compares with the database."""


class Study(Base):
    """One input to score and read.

    ``max_probability`` is that of the strongest finding, between the ends of its 95 % interval.
    ``lease_*`` say which worker has it and until when; times are seconds since 1970. ``uids`` are
    the study's and its series', to find it by. ``version`` counts what readers did to it.
    ``examination`` is JSON, see ``nodule.guidelines.assessment``; empty where nothing was entered.
    ``archived_*`` are set where it was put aside, ``model`` where not the site's own scores it.
    ``content`` is a digest of what was put in line, so that nothing is put in line twice.
    """

    __tablename__ = "studies"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    source: Mapped[str] = mapped_column(Text)
    folder: Mapped[str] = mapped_column(Text)
    status: Mapped[Status] = mapped_column(String(16), index=True)
    failure: Mapped[str] = mapped_column(Text, default="")
    stage: Mapped[str] = mapped_column(String(16), default="")
    fraction: Mapped[float] = mapped_column(Float, default=0.0)
    max_probability: Mapped[float] = mapped_column("priority", Float, default=0.0)
    received_at: Mapped[float] = mapped_column(Float)
    lease_owner: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[float | None] = mapped_column(Float)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    max_probability_low: Mapped[float] = mapped_column("priority_low", Float, default=0.0)
    max_probability_high: Mapped[float] = mapped_column("priority_high", Float, default=0.0)
    uids: Mapped[str] = mapped_column(Text, default="")
    findings: Mapped[int] = mapped_column(Integer, default=0)
    version: Mapped[int] = mapped_column(Integer, default=0)
    signed_by: Mapped[str] = mapped_column(String(100), default="")
    signed_at: Mapped[float | None] = mapped_column(Float)
    examination: Mapped[str] = mapped_column(Text, default="")
    archived_at: Mapped[float | None] = mapped_column(Float)
    archived_reason: Mapped[str] = mapped_column(String(40), default="")
    model: Mapped[str] = mapped_column(String(200), default="")
    content: Mapped[str] = mapped_column(String(64), default="")

    @property
    def label(self) -> str:
        """What readers call it; made of the key, so it says nothing about the patient."""
        return label_of(self.key)


def label_of(key: str) -> str:
    """``CT-3FA92C`` for the key ``3fa92c...``."""
    return f"CT-{key[:6].upper()}"


class Job(Base):
    """What a reader waits for, done by a worker as a study is.

    The columns of its lease are a study's. ``folder`` is the result that it is for, ``source`` the
    earlier CT's result, or the same folder.
    """

    __tablename__ = "jobs"
    __table_args__ = (UniqueConstraint("kind", "folder", "source"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[JobKind] = mapped_column(String(16))
    folder: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    status: Mapped[Status] = mapped_column(String(16), index=True)
    failure: Mapped[str] = mapped_column(Text, default="")
    stage: Mapped[str] = mapped_column(String(16), default="")
    fraction: Mapped[float] = mapped_column(Float, default=0.0)
    received_at: Mapped[float] = mapped_column(Float)
    lease_owner: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[float | None] = mapped_column(Float)
    attempts: Mapped[int] = mapped_column(Integer, default=0)

    @property
    def key(self) -> str:
        """What logs call it."""
        return f"{self.kind} {self.id}"


class StoredFinding(Base):
    """One finding of a study, the model's or one that a reader added.

    ``measured`` is JSON: ``Finding`` of ``findings.json``, or ``AddedFinding``. ``version`` is the
    number of the latest decision, 0 before the first. No row number is given a second time: a page
    may be open on a finding that was deleted.
    """

    __tablename__ = "findings"
    __table_args__ = (
        UniqueConstraint("study_id", "series_uid", "number"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"), index=True)
    series_uid: Mapped[str] = mapped_column(String(128))
    number: Mapped[int] = mapped_column(Integer)
    origin: Mapped[Origin] = mapped_column(String(8))
    measured: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer, default=0)


class StoredSeries(Base):
    """A series of a scored study: what was said of it, where its files lie, whose images they are.

    ``scored`` is JSON, ``medical.detection.findings.SeriesFindings`` without its findings, which
    have rows of their own; empty where an earlier version's result was lost.

    ``patient`` is a pseudonym (``dicom.header.patient``), ``day`` is ``YYYY-MM-DD``; both are
    empty where they are not known.

    ``headers`` are the CT's, which identify the patient, for objects that are made once it is
    signed (``dicom_out.kept_headers``); none where the CT was not DICOM.
    """

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("study_id", "series_uid"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"), index=True)
    series_uid: Mapped[str] = mapped_column(String(128))
    folder: Mapped[str] = mapped_column(Text)
    patient: Mapped[str] = mapped_column(String(64), index=True)
    day: Mapped[str] = mapped_column(String(10))
    has_images: Mapped[bool] = mapped_column(Boolean)
    scored: Mapped[str] = mapped_column(Text, default="")
    headers: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class StoredIdentity(Base):
    """Who is on a series' images and how they were made.

    ``content`` is JSON, ``medical.dicom.header.identity.Identity``.
    """

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("study_id", "series_uid"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"), index=True)
    series_uid: Mapped[str] = mapped_column(String(128))
    scanner: Mapped[str] = mapped_column(String(200), default="")
    content: Mapped[str] = mapped_column(Text)


class Decision(Base):
    """What a reader decided about a finding; never changed, the next one follows it.

    ``assessment`` is JSON, an ``Assessment`` of ``nodule.guidelines``; empty where there is none.
    """

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("finding_id", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("findings.id"), index=True)
    version: Mapped[int] = mapped_column(Integer)
    verdict: Mapped[Verdict] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    comment: Mapped[str] = mapped_column(Text)
    diameter_mm: Mapped[float | None] = mapped_column(Float)
    assessment: Mapped[str] = mapped_column(Text, default="")
    actor: Mapped[str] = mapped_column(String(100))
    at: Mapped[float] = mapped_column(Float)


class StoredReport(Base):
    """One file of a signed report; never changed. ``version`` is the study's once it was signed."""

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("study_id", "version", "series_uid", "form", "language"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"), index=True)
    version: Mapped[int] = mapped_column(Integer)
    series_uid: Mapped[str] = mapped_column(String(128))
    form: Mapped[str] = mapped_column(String(8))
    language: Mapped[str] = mapped_column(String(8))
    content: Mapped[bytes] = mapped_column(LargeBinary)


class SignedObject(Base):
    """One DICOM object of a study; never changed, so that it is sent under one UID only.

    ``version`` is the study's once it was signed, 0 for what was scored.
    """

    __tablename__ = "signed_objects"
    __table_args__ = (UniqueConstraint("study_id", "version", "series_uid", "form"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id", ondelete="CASCADE"), index=True)
    version: Mapped[int] = mapped_column(Integer)
    series_uid: Mapped[str] = mapped_column(String(128))
    form: Mapped[str] = mapped_column(String(8))
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Arrival(Base):
    """A study that came over the network, as it was when it was put in line.

    ``content`` is a digest of its instances: the same ones are put in line once. ``forms`` and
    ``destinations`` are JSON lists: what becomes of the result. ``study_key`` is empty where no
    rule wanted it scored, ``dispatched_at`` is set when its results lie in the outbox,
    ``failure_told_at`` when its peers are told that it could not be scored.
    """

    __tablename__ = "arrivals"
    __table_args__ = (UniqueConstraint("study_token", "content"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    study_token: Mapped[str] = mapped_column(String(64), index=True)
    content: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(Text)
    study_key: Mapped[str] = mapped_column(String(32))
    forms: Mapped[str] = mapped_column(Text)
    destinations: Mapped[str] = mapped_column(Text)
    arrived_at: Mapped[float] = mapped_column(Float)
    dispatched_at: Mapped[float | None] = mapped_column(Float)
    failure_told_at: Mapped[float | None] = mapped_column(Float)


OutboxStatus = Literal["waiting", "sent", "refused"]


class OutboxEntry(Base):
    """One object on its way to one peer; sent once, whatever happens in between.

    ``action`` is ``store`` or ``commitment``, whose ``path`` is the report's JSON. ``attempts``
    counts those begun: after the first nobody knows whether the peer has it, so it is asked.
    """

    __tablename__ = "outbox"
    __table_args__ = (UniqueConstraint("destination", "instance_uid"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    action: Mapped[str] = mapped_column(String(16))
    destination: Mapped[str] = mapped_column(String(200), index=True)
    instance_uid: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(Text)
    status: Mapped[OutboxStatus] = mapped_column(String(16), index=True)
    problem: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    entered_at: Mapped[float] = mapped_column(Float)
    ended_at: Mapped[float | None] = mapped_column(Float)
    lease_owner: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[float | None] = mapped_column(Float)


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
