"""Signed reports, as they were when they were signed. They refuse change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_SQLITE = (
    "CREATE TRIGGER reports_no_{0} BEFORE {0} ON reports BEGIN SELECT RAISE(ABORT, '{1}'); END"
)
_POSTGRES = (
    "CREATE FUNCTION reports_refuse() RETURNS trigger AS $$ BEGIN "
    "RAISE EXCEPTION 'signed reports are append-only'; END $$ LANGUAGE plpgsql",
    "CREATE TRIGGER reports_no_change BEFORE UPDATE OR DELETE ON reports "
    "FOR EACH ROW EXECUTE FUNCTION reports_refuse()",
    "CREATE TRIGGER reports_no_truncate BEFORE TRUNCATE ON reports "
    "FOR EACH STATEMENT EXECUTE FUNCTION reports_refuse()",
)


def upgrade() -> None:
    """Make the table; studies that are signed already have no row."""
    op.create_table(
        "reports",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("study_id", sa.Integer, sa.ForeignKey("studies.id"), nullable=False, index=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("series_uid", sa.String(128), nullable=False),
        sa.Column("form", sa.String(8), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("study_id", "version", "series_uid", "form", "language"),
    )
    if op.get_bind().dialect.name == "postgresql":
        statements: tuple[str, ...] = _POSTGRES
    else:
        sentence = "signed reports are append-only"
        statements = tuple(_SQLITE.format(verb, sentence) for verb in ("UPDATE", "DELETE"))
    for statement in statements:
        op.execute(statement)
