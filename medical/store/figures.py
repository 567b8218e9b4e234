"""How much waits, by figures: for whoever watches over the site."""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from medical.metrics import gauge
from medical.store.database import Store, StoreUnavailableError
from medical.store.tables import STATUSES, Job, OutboxEntry, Study


class StoreFigures(Collector):
    """Reads the figures whenever they are asked for.

    Args:
        store: of the site.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges; that the store does not answer is one of them."""
        try:
            metrics = list(self._read())
        except StoreUnavailableError:
            metrics = []
        up = gauge("starlung_store_up", "Whether the store answers", {(): float(bool(metrics))})
        yield from (up, *metrics)

    def _read(self) -> Iterator[Metric]:
        with self._store.reading() as session:
            studies = {
                (str(status),): float(count)
                for status, count in session.execute(
                    select(Study.status, func.count()).group_by(Study.status)
                )
            }
            jobs: dict[tuple[str, ...], float] = {
                (str(kind), str(status)): float(count)
                for kind, status, count in session.execute(
                    select(Job.kind, Job.status, func.count()).group_by(Job.kind, Job.status)
                )
            }
            outbox: dict[tuple[str, ...], float] = {
                (str(destination), str(status)): float(count)
                for destination, status, count in session.execute(
                    select(OutboxEntry.destination, OutboxEntry.status, func.count()).group_by(
                        OutboxEntry.destination, OutboxEntry.status
                    )
                )
            }
            oldest = session.scalar(
                select(func.min(Study.received_at)).where(Study.status == "received")
            )
        known: dict[tuple[str, ...], float] = {(status,): 0.0 for status in STATUSES}
        yield gauge("starlung_studies", "Studies by status", known | studies, "status")
        yield gauge("starlung_jobs", "Readers' jobs", jobs, "kind", "status")
        yield gauge("starlung_outbox", "Objects for peers", outbox, "destination", "status")
        waited = max(0.0, time.time() - oldest) if oldest else 0.0
        about = "Seconds that the study that waits longest has waited"
        yield gauge("starlung_queue_oldest_seconds", about, {(): waited})


def answers(store: Store) -> bool:
    """Tell whether the store answers."""
    try:
        with store.reading() as session:
            session.execute(select(1))
    except StoreUnavailableError:
        return False
    return True
