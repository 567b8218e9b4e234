"""Studies can be put aside and scored by a named model; who is on the images of a series."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns and the table."""
    for column in (
        sa.Column("archived_at", sa.Float),
        sa.Column("archived_reason", sa.String(40), nullable=False, server_default=""),
        sa.Column("model", sa.String(200), nullable=False, server_default=""),
        sa.Column("content", sa.String(64), nullable=False, server_default=""),
    ):
        op.add_column("studies", column)
    op.create_table(
        "identities",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("study_id", sa.Integer, sa.ForeignKey("studies.id"), nullable=False, index=True),
        sa.Column("series_uid", sa.String(128), nullable=False),
        sa.Column("scanner", sa.String(200), nullable=False, server_default=""),
        sa.Column("content", sa.Text, nullable=False),
        sa.UniqueConstraint("study_id", "series_uid"),
    )
