"""The queue: studies and readers' jobs wait for a worker; a worker that dies loses what it holds.

A worker holds them by a lease that it renews. When the lease runs out, they may be claimed again;
what the late worker still writes is then refused. Leases go by the clock that the database keeps
for all (``medical.store.database.clock``), not by the workers'. After ``MAX_ATTEMPTS`` deaths
over one study it fails, so that one bad input cannot stop the night.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.orm import Session

from medical.detection.findings import SeriesFindings
from medical.dicom.header.identity import Identity
from medical.i18n.messages import message
from medical.store.audit import record
from medical.store.database import Store, clock
from medical.store.identities import keep_identities
from medical.store.results import add_siblings, keep_results, without_known
from medical.store.tables import Job, JobKind, Status, Study

LEASE_SECONDS = 30.0
MAX_LEASE_SECONDS = 3600.0
MAX_ATTEMPTS = 3


Kind = Literal["score"] | JobKind
KINDS: tuple[Kind, ...] = ("explain", "register", "score")
"""All kinds of work; jobs come first, since a reader waits for them."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A study to score, or a reader's job (``medical.store.jobs``), that a worker holds.

    ``model`` is empty where the worker's own scores it.
    """

    id: int
    key: str
    source: Path
    folder: Path
    owner: str
    kind: Kind = "score"
    model: str = ""

    @property
    def table(self) -> type[Study] | type[Job]:
        """Where its row is."""
        return Study if self.kind == "score" else Job


def enqueue(
    store: Store, source: Path, *, root: Path, actor: str, model: str = "", content: str = ""
) -> str:
    """Put an input into the queue; returns the study's key.

    Args:
        source: what to score.
        root: results go to a folder of their own below it.
        actor: who asks.
        model: that scores it; the worker's own where empty.
        content: a digest of the input, by which ``known_input`` finds it again.
    """
    with store.transaction() as session:
        return enqueue_in(session, source, root=root, actor=actor, model=model, content=content)


def enqueue_in(
    session: Session, source: Path, *, root: Path, actor: str, model: str = "", content: str = ""
) -> str:
    """Do what ``enqueue`` does, in the caller's transaction."""
    key = secrets.token_hex(8)
    session.add(
        Study(
            key=key,
            source=str(source),
            folder=str(root / key),
            status="received",
            received_at=time.time(),
            model=model,
            content=content,
        )
    )
    record(session, actor=actor, action="receive", subject=key)
    return key


def models_waited_for(store: Store) -> Counter[str]:
    """Count, by model, the studies that wait for one of their own or are scored with it."""
    query = select(Study.model).where(Study.status.in_(("received", "scoring")), Study.model != "")
    with store.reading() as session:
        return Counter(session.scalars(query))


def claim(
    store: Store,
    owner: str,
    *,
    lease_seconds: float = LEASE_SECONDS,
    kinds: Collection[Kind] = KINDS,
) -> Claimed | None:
    """Take the job or study that waits longest, never begun or begun by a worker that died.

    A look at a queue in which nothing waits takes no write lock.

    Args:
        store: holds the queue.
        owner: who takes it.
        lease_seconds: how long it stays theirs without a renewal.
        kinds: only these; jobs come before studies.

    Raises:
        ValueError: ``lease_seconds`` is more than an hour.
        StoreUnavailableError: the database does not answer.
    """
    if lease_seconds > MAX_LEASE_SECONDS:
        raise ValueError(f"lease_seconds must be at most {MAX_LEASE_SECONDS}, got {lease_seconds}")
    jobs = [kind for kind in kinds if kind != "score"]
    waiting: list[Callable[[float], Select[Any]]] = []
    if jobs:
        waiting.append(lambda now: _waiting(Job, now).where(Job.kind.in_(jobs)))
    if "score" in kinds:
        waiting.append(lambda now: _waiting(Study, now))
    for query in waiting:
        with store.reading() as session:
            if session.scalars(query(clock(session))).first() is None:
                continue
        with store.transaction() as session:
            if (taken := _take(session, query, owner, lease_seconds)) is not None:
                return taken
    return None


def _take(
    session: Session, waiting: Callable[[float], Select[Any]], owner: str, lease_seconds: float
) -> Claimed | None:
    def take() -> Study | Job | None:
        return session.scalars(waiting(clock(session)).with_for_update(skip_locked=True)).first()

    while (row := take()) is not None:
        if row.attempts >= MAX_ATTEMPTS:
            reason = message("{count} workers ended while they scored it", count=MAX_ATTEMPTS)
            end_row(session, row, "failed", owner, failure=reason)
            session.flush()
            continue
        row.status, row.stage, row.fraction = "scoring", "", 0.0
        row.lease_owner, row.lease_until = owner, clock(session) + lease_seconds
        row.attempts += 1
        kind: Kind = row.kind if isinstance(row, Job) else "score"
        if kind == "score":
            record(session, actor=owner, action="claim", subject=row.key)
        model = row.model if isinstance(row, Study) else ""
        return Claimed(row.id, row.key, Path(row.source), Path(row.folder), owner, kind, model)
    return None


def renew(
    store: Store,
    claimed: Claimed,
    *,
    stage: str,
    fraction: float,
    lease_seconds: float = LEASE_SECONDS,
) -> bool:
    """Keep it for another lease and say how far it is; false where it is lost already."""
    with store.transaction() as session:
        done = session.execute(
            update(claimed.table)
            .where(_held(claimed))
            .values(lease_until=clock(session) + lease_seconds, stage=stage, fraction=fraction)
        )
        return bool(done.rowcount)  # type: ignore[attr-defined]


def finish(
    store: Store,
    claimed: Claimed,
    *,
    series: Sequence[SeriesFindings] = (),
    unscored: str = "",
    headers: Mapping[str, bytes] | None = None,
    identities: Mapping[str, Identity] | None = None,
) -> bool:
    """End what is done; false, and nothing is written, where another worker has it now.

    Args:
        store: holds the queue.
        claimed: what was scored.
        series: what was found in a study; the first is its own, each other becomes a study of its
            own.
        unscored: what else the input holds and could not be scored, in sentences.
        headers: of the CTs, by series UID, for objects that are made once a reader has signed.
        identities: who is on the images, by series.
    """
    return _conclude(
        store,
        claimed,
        "ready",
        failure=unscored,
        series=series,
        headers=headers,
        identities=identities,
    )


def give_up(store: Store, claimed: Claimed, *, failure: str) -> bool:
    """End what cannot be done, for a reason in one sentence; false as for ``finish``."""
    return _conclude(store, claimed, "failed", failure=failure)


def give_back(store: Store, claimed: Claimed) -> bool:
    """Put back what was begun: the worker is asked to stop. No attempt is counted."""
    with store.transaction() as session:
        study = _mine(session, claimed)
        if study is None:
            return False
        study.attempts -= 1
        end_row(session, study, "received", claimed.owner)
        return True


def _conclude(
    store: Store,
    claimed: Claimed,
    status: Status,
    *,
    failure: str = "",
    series: Sequence[SeriesFindings] = (),
    headers: Mapping[str, bytes] | None = None,
    identities: Mapping[str, Identity] | None = None,
) -> bool:
    with store.transaction() as session:
        study = _mine(session, claimed)
        if study is None:
            return False
        if isinstance(study, Study):
            if series:
                series = without_known(session, study, series)
                status = "ready" if series else "failed"
            keep_results(session, study, series[:1], headers)
            if status == "ready":
                add_siblings(
                    session,
                    study,
                    series[1:],
                    failure=failure,
                    actor=claimed.owner,
                    headers=headers,
                )
                failure = ""
            keep_identities(session, study, series, identities or {})
        end_row(session, study, status, claimed.owner, failure=failure)
        return True


def end_row(
    session: Session, row: Study | Job, status: Status, owner: str, *, failure: str = ""
) -> None:
    """Give a row a state in which no worker has it, in the caller's transaction."""
    row.status, row.failure = status, str(failure)
    row.lease_owner = row.lease_until = None
    row.stage, row.fraction = "", 0.0
    if isinstance(row, Study):  # the trail tells of studies
        record(session, actor=owner, action=status, subject=row.key)


def _waiting(table: type[Study] | type[Job], now: float) -> Select[Any]:
    # No lease ends later than this: such a one is from before the machine started again.
    lapsed = or_(table.lease_until < now, table.lease_until > now + MAX_LEASE_SECONDS)
    waiting = or_(table.status == "received", and_(table.status == "scoring", lapsed))
    return select(table).where(waiting).order_by(table.received_at, table.id).limit(1)


def _mine(session: Session, claimed: Claimed) -> Study | Job | None:
    query: Select[Any] = select(claimed.table).where(_held(claimed)).with_for_update()
    return session.scalars(query).first()


def _held(claimed: Claimed):  # type: ignore[no-untyped-def]
    table = claimed.table
    return and_(
        table.id == claimed.id, table.status == "scoring", table.lease_owner == claimed.owner
    )
