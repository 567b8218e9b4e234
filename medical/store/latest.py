"""The studies scored last, and where their results lie, for whoever watches the model."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from medical.store.database import Store
from medical.store.tables import SCORED, Study


def latest_scored(store: Store, count: int) -> list[Path]:
    """List result folders of the ``count`` studies received last among the scored ones.

    Raises:
        ValueError: ``count`` is less than 1.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    query = (
        select(Study.folder)
        .where(Study.status.in_(SCORED))
        .order_by(Study.received_at.desc(), Study.id.desc())
        .limit(count)
    )
    with store.reading() as session:
        return [Path(folder) for folder in session.scalars(query)]
