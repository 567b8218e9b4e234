"""What the DICOM node keeps: studies that arrived, and objects on their way to peers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "arrivals",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("study_token", sa.String(64), nullable=False, index=True),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("study_key", sa.String(32), nullable=False),
        sa.Column("forms", sa.Text, nullable=False),
        sa.Column("destinations", sa.Text, nullable=False),
        sa.Column("arrived_at", sa.Float, nullable=False),
        sa.Column("dispatched_at", sa.Float),
        sa.UniqueConstraint("study_token", "content"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("destination", sa.String(200), nullable=False, index=True),
        sa.Column("instance_uid", sa.String(64), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False, index=True),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("entered_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
        sa.Column("lease_owner", sa.String(100)),
        sa.Column("lease_until", sa.Float),
        sa.UniqueConstraint("destination", "instance_uid"),
    )
