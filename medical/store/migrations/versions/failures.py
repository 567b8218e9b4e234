"""When peers were told that a study which came over the network could not be scored."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column; of what failed before, nobody was told, and nobody is."""
    op.add_column("arrivals", sa.Column("failure_told_at", sa.Float))
    op.execute(
        "UPDATE arrivals SET failure_told_at = arrived_at WHERE study_key IN "
        "(SELECT key FROM studies WHERE status = 'failed')"
    )
