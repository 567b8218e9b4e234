"""Alembic's entry: runs on the connection that ``medical.store.database`` hands over."""

from __future__ import annotations

from alembic import context

from medical.store.tables import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, transactional_ddl=False)
context.run_migrations()
