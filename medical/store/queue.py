"""The queue: studies wait for a worker; a worker that dies loses its study to the next one.

A worker holds a study by a lease that it renews. When the lease runs out, the study may be claimed
again; what the late worker still writes is then refused. Leases go by the clock that the database
keeps for all (``medical.store.database.clock``), not by the workers'. After ``MOST_ATTEMPTS``
deaths over one study it fails, so that one bad input cannot stop the night.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.orm import Session

from medical.detection.findings import SeriesFindings
from medical.store.audit import record
from medical.store.database import Store, clock
from medical.store.results import keep_results
from medical.store.siblings import add_siblings, without_known
from medical.store.tables import Status, Study

LEASE_SECONDS = 30.0
MOST_LEASE_SECONDS = 3600.0
MOST_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Claimed:
    """A study that a worker holds."""

    id: int
    key: str
    source: Path
    folder: Path
    owner: str


def receive(store: Store, source: Path, *, root: Path, actor: str) -> str:
    """Put an input into the queue; returns the study's key.

    Args:
        source: what to score.
        root: results go to a folder of their own below it.
        actor: who asks.
    """
    key = secrets.token_hex(8)
    with store.transaction() as session:
        session.add(
            Study(
                key=key,
                source=str(source),
                folder=str(root / key),
                status="received",
                received_at=time.time(),
            )
        )
        record(session, actor=actor, action="receive", subject=key)
    return key


def claim(store: Store, owner: str, *, lease_seconds: float = LEASE_SECONDS) -> Claimed | None:
    """Take the study that waits longest, one that was never begun or one whose worker died.

    A look at a queue in which nothing waits takes no write lock.

    Raises:
        ValueError: ``lease_seconds`` is more than an hour.
        StoreUnavailableError: the database does not answer.
    """
    if lease_seconds > MOST_LEASE_SECONDS:
        raise ValueError(f"lease_seconds must be at most {MOST_LEASE_SECONDS}, got {lease_seconds}")
    with store.reading() as session:
        if session.scalars(_waiting(clock(session))).first() is None:
            return None
    with store.transaction() as session:
        while (study := _next(session, clock(session))) is not None:
            if study.attempts >= MOST_ATTEMPTS:
                reason = f"{MOST_ATTEMPTS} workers ended while they scored it"
                _end(session, study, "failed", owner, failure=reason)
                session.flush()
                continue
            study.status, study.stage, study.fraction = "scoring", "", 0.0
            study.lease_owner, study.lease_until = owner, clock(session) + lease_seconds
            study.attempts += 1
            record(session, actor=owner, action="claim", subject=study.key)
            return Claimed(study.id, study.key, Path(study.source), Path(study.folder), owner)
    return None


def renew(
    store: Store,
    claimed: Claimed,
    *,
    stage: str,
    fraction: float,
    lease_seconds: float = LEASE_SECONDS,
) -> bool:
    """Keep a study for another lease and say how far it is; false where it is lost already."""
    with store.transaction() as session:
        done = session.execute(
            update(Study)
            .where(_held(claimed))
            .values(lease_until=clock(session) + lease_seconds, stage=stage, fraction=fraction)
        )
        return bool(done.rowcount)  # type: ignore[attr-defined]


def finish(
    store: Store, claimed: Claimed, *, series: Sequence[SeriesFindings], unscored: str = ""
) -> bool:
    """Mark the study as scored; false, and nothing is written, where another worker has it now.

    Args:
        store: holds the queue.
        claimed: what was scored.
        series: what was found; the first is the study's, each other becomes a study of its own.
        unscored: what else the input holds and could not be scored, in sentences.
    """
    return _conclude(store, claimed, "ready", failure=unscored, series=series)


def give_up(store: Store, claimed: Claimed, *, failure: str) -> bool:
    """Mark the study as failed, for a reason in one sentence; false as for ``finish``."""
    return _conclude(store, claimed, "failed", failure=failure)


def give_back(store: Store, claimed: Claimed) -> bool:
    """Put a study back that was begun: the worker is asked to stop. No attempt is counted."""
    with store.transaction() as session:
        study = _mine(session, claimed)
        if study is None:
            return False
        study.attempts -= 1
        _end(session, study, "received", claimed.owner)
        return True


def try_again(store: Store, key: str, *, actor: str) -> bool:
    """Put a failed study in line once more; false where it did not fail."""
    with store.transaction() as session:
        query = select(Study).where(Study.key == key, Study.status == "failed").with_for_update()
        study = session.scalars(query).first()
        if study is None:
            return False
        study.attempts = 0
        _end(session, study, "received", actor)
        return True


def _conclude(
    store: Store,
    claimed: Claimed,
    status: Status,
    *,
    failure: str = "",
    series: Sequence[SeriesFindings] = (),
) -> bool:
    with store.transaction() as session:
        study = _mine(session, claimed)
        if study is None:
            return False
        if series:
            series = without_known(session, study, series)
            status = "ready" if series else "failed"
        keep_results(session, study, series[:1])
        if status == "ready":
            add_siblings(session, study, series[1:], failure=failure, actor=claimed.owner)
            failure = ""
        _end(session, study, status, claimed.owner, failure=failure)
        return True


def _end(session: Session, study: Study, status: Status, owner: str, *, failure: str = "") -> None:
    study.status, study.failure = status, failure
    study.lease_owner = study.lease_until = None
    study.stage, study.fraction = "", 0.0
    record(session, actor=owner, action=status, subject=study.key)


def _next(session: Session, now: float) -> Study | None:
    return session.scalars(_waiting(now).with_for_update(skip_locked=True)).first()


def _waiting(now: float) -> Select[Study]:
    # No lease ends later than this: such a one is from before the machine started again.
    lapsed = or_(Study.lease_until < now, Study.lease_until > now + MOST_LEASE_SECONDS)
    waiting = or_(Study.status == "received", and_(Study.status == "scoring", lapsed))
    return select(Study).where(waiting).order_by(Study.received_at, Study.id).limit(1)


def _mine(session: Session, claimed: Claimed) -> Study | None:
    return session.scalars(select(Study).where(_held(claimed)).with_for_update()).first()


def _held(claimed: Claimed):  # type: ignore[no-untyped-def]
    return and_(
        Study.id == claimed.id, Study.status == "scoring", Study.lease_owner == claimed.owner
    )
