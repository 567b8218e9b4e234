"""SQLite gives no finding the row number of one that was deleted, as PostgreSQL never did.

A page that was open on a result which was scored again could else decide on the new finding of the
same number. Findings' table is made anew for that; the decisions that refer to it are held to their
references at the end of the transaction, when all rows are back.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_COLUMNS = "id, study_id, series_uid, number, origin, measured, version"


def upgrade() -> None:
    """Make the table anew where the database is SQLite."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.execute("PRAGMA defer_foreign_keys = ON")  # until this transaction ends
    op.execute(f"CREATE TEMPORARY TABLE findings_before AS SELECT {_COLUMNS} FROM findings")
    op.drop_table("findings")
    op.create_table(
        "findings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("study_id", sa.Integer, sa.ForeignKey("studies.id"), nullable=False, index=True),
        sa.Column("series_uid", sa.String(128), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("origin", sa.String(8), nullable=False),
        sa.Column("measured", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("study_id", "series_uid", "number"),
        sqlite_autoincrement=True,
    )
    op.execute(f"INSERT INTO findings ({_COLUMNS}) SELECT {_COLUMNS} FROM findings_before")
    op.execute("DROP TABLE findings_before")
