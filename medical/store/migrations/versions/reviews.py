"""Findings and readers' decisions; a study can be signed. Decisions refuse change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SQLITE = (
    "CREATE TRIGGER decisions_no_{0} BEFORE {0} ON decisions BEGIN SELECT RAISE(ABORT, '{1}'); END"
)
_POSTGRES = (
    "CREATE FUNCTION decisions_refuse() RETURNS trigger AS $$ BEGIN "
    "RAISE EXCEPTION 'decisions are append-only'; END $$ LANGUAGE plpgsql",
    "CREATE TRIGGER decisions_no_change BEFORE UPDATE OR DELETE ON decisions "
    "FOR EACH ROW EXECUTE FUNCTION decisions_refuse()",
    "CREATE TRIGGER decisions_no_truncate BEFORE TRUNCATE ON decisions "
    "FOR EACH STATEMENT EXECUTE FUNCTION decisions_refuse()",
)


def upgrade() -> None:
    """Add what readers need to studies, and the two tables."""
    for column in (
        sa.Column("priority_low", sa.Float, nullable=False, server_default="0"),
        sa.Column("priority_high", sa.Float, nullable=False, server_default="0"),
        sa.Column("uids", sa.Text, nullable=False, server_default=""),
        sa.Column("findings", sa.Integer, nullable=False, server_default="0"),
        sa.Column("version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("signed_by", sa.String(100), nullable=False, server_default=""),
        sa.Column("signed_at", sa.Float),
    ):
        op.add_column("studies", column)
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
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "finding_id", sa.Integer, sa.ForeignKey("findings.id"), nullable=False, index=True
        ),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("diameter_mm", sa.Float),
        sa.Column("actor", sa.String(100), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
        sa.UniqueConstraint("finding_id", "version"),
    )
    if op.get_bind().dialect.name == "postgresql":
        statements: tuple[str, ...] = _POSTGRES
    else:
        sentence = "decisions are append-only"
        statements = tuple(_SQLITE.format(verb, sentence) for verb in ("UPDATE", "DELETE"))
    for statement in statements:
        op.execute(statement)
