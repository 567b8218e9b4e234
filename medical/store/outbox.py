"""The outbox: objects on their way to peers, each entered once and sent once.

Whoever sends holds an entry by a lease, as a worker does a study: a process that dies in the middle
loses it to the next, which asks the peer first whether the object came.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from medical.store.database import Store, clock, lock
from medical.store.queue import MAX_LEASE_SECONDS
from medical.store.tables import OutboxEntry, OutboxStatus

LEASE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An object to send, or a report on storage commitment.

    Args:
        instance_uid: of the object; of the transaction for a report.
        path: of the file.
        action: ``store`` or ``commitment``.
    """

    instance_uid: str
    path: Path
    action: str = "store"


@dataclass(frozen=True, slots=True)
class Taken:
    """An entry that this process holds.

    Args:
        id: of its row.
        outgoing: what to send.
        begun_before: an attempt was begun before, so the peer may have it.
    """

    id: int
    outgoing: Outgoing
    begun_before: bool


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """How far an entry is, as people are shown it."""

    destination: str
    status: OutboxStatus
    attempts: int
    instance_uid: str
    problem: str


def put(session: Session, destination: str, outgoing: Iterable[Outgoing]) -> int:
    """Enter objects for a peer, in the caller's transaction; those entered before stay as they are.

    Returns:
        how many are new, or are tried again after a refusal.
    """
    lock(session.connection())
    count = 0
    for item in outgoing:
        known = session.scalars(
            select(OutboxEntry).where(
                OutboxEntry.destination == destination,
                OutboxEntry.instance_uid == item.instance_uid,
            )
        ).first()
        if known is None:
            known = OutboxEntry(
                destination=destination, instance_uid=item.instance_uid, entered_at=time.time()
            )
            session.add(known)
        elif known.status != "refused":
            continue
        known.action, known.path = item.action, str(item.path)
        known.status, known.problem, known.ended_at = "waiting", "", None
        count += 1
    session.flush()
    return count


def take(store: Store, destination: str, owner: str, *, count: int) -> list[Taken]:
    """Take the entries that wait longest for a peer.

    Args:
        store: holds the outbox.
        destination: the peer's name.
        owner: who takes them.
        count: at most so many.
    """
    with store.reading() as session:
        if session.scalars(_waiting(destination, clock(session)).limit(1)).first() is None:
            return []
    with store.transaction() as session:
        now = clock(session)
        query = _waiting(destination, now).limit(count).with_for_update(skip_locked=True)
        taken = []
        for row in session.scalars(query):
            row.lease_owner, row.lease_until = owner, now + LEASE_SECONDS
            outgoing = Outgoing(row.instance_uid, Path(row.path), row.action)
            taken.append(Taken(row.id, outgoing, row.attempts > 0))
        return taken


def begin(store: Store, taken: Taken, owner: str) -> bool:
    """Note that an attempt begins, and hold it anew; false where another holds it by now."""
    with store.transaction() as session:
        done = session.execute(
            update(OutboxEntry)
            .where(_held(taken, owner))
            .values(attempts=OutboxEntry.attempts + 1, lease_until=clock(session) + LEASE_SECONDS)
        )
        return bool(done.rowcount)  # type: ignore[attr-defined]


def end(store: Store, taken: Taken, owner: str, *, problem: str = "") -> None:
    """Note that the peer has it, or refused it for a reason."""
    status: OutboxStatus = "refused" if problem else "sent"
    _write(store, taken, owner, status=status, problem=problem, ended_at=time.time())


def release(store: Store, taken: Iterable[Taken], owner: str) -> None:
    """Put back what was not sent."""
    for item in taken:
        _write(store, item, owner)


def _write(store: Store, taken: Taken, owner: str, **values: object) -> None:
    with store.transaction() as session:
        session.execute(
            update(OutboxEntry)
            .where(_held(taken, owner))
            .values(lease_owner=None, lease_until=None, **values)
        )


def destinations_waiting(store: Store) -> dict[str, int]:
    """Count what waits, by peer."""
    query = (
        select(OutboxEntry.destination, func.count())
        .where(OutboxEntry.status == "waiting")
        .group_by(OutboxEntry.destination)
    )
    with store.reading() as session:
        return dict(session.execute(query).tuples().all())


def lines(store: Store) -> list[OutboxLine]:
    """List all entries, oldest first."""
    with store.reading() as session:
        return [
            OutboxLine(row.destination, row.status, row.attempts, row.instance_uid, row.problem)
            for row in session.scalars(select(OutboxEntry).order_by(OutboxEntry.id))
        ]


def paths_waiting(store: Store) -> set[Path]:
    """Return the files that are still needed."""
    with store.reading() as session:
        query = select(OutboxEntry.path).where(OutboxEntry.status != "sent")
        return {Path(path) for path in session.scalars(query)}


def _waiting(destination: str, now: float):  # type: ignore[no-untyped-def]
    free = or_(
        OutboxEntry.lease_until.is_(None),
        OutboxEntry.lease_until < now,
        OutboxEntry.lease_until > now + MAX_LEASE_SECONDS,  # from before the machine started again
    )
    return (
        select(OutboxEntry)
        .where(OutboxEntry.destination == destination, OutboxEntry.status == "waiting", free)
        .order_by(OutboxEntry.id)
    )


def _held(taken: Taken, owner: str):  # type: ignore[no-untyped-def]
    return and_(
        OutboxEntry.id == taken.id,
        OutboxEntry.status == "waiting",
        OutboxEntry.lease_owner == owner,
    )
