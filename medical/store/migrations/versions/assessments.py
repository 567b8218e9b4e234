"""What readers enter for the guidelines: about a nodule, and about the examination."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the two columns; what is there has nothing entered."""
    for table, name in (("decisions", "assessment"), ("studies", "examination")):
        op.add_column(table, sa.Column(name, sa.Text, nullable=False, server_default=""))
