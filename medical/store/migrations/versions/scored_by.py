"""Which weights made the findings that are kept, at which operating point."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; what is there stays without."""
    op.add_column("studies", sa.Column("scored_by", sa.Text, nullable=False, server_default=""))
