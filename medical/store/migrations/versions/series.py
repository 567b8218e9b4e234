"""Series of scored studies: where they lie, whose they are and of which day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table; studies that are there are entered when earlier CTs are next asked for."""
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("study_id", sa.Integer, sa.ForeignKey("studies.id"), nullable=False, index=True),
        sa.Column("series_uid", sa.String(128), nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("patient", sa.String(64), nullable=False, index=True),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("has_images", sa.Boolean, nullable=False),
        sa.UniqueConstraint("study_id", "series_uid"),
    )
