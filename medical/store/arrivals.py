"""Studies that came over the network: put in line once for what they hold, and their results."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from medical.store.database import Store, lock
from medical.store.outbox import Outgoing, put
from medical.store.queue import enqueue_in
from medical.store.requests import CANCELLED
from medical.store.series import KeptSeries, series_of
from medical.store.tables import SCORED, Arrival, Study


@dataclass(frozen=True, slots=True)
class Arrived:
    """A study as it lies in the spool.

    Args:
        study_token: stands for its Study Instance UID.
        content: digest of its instances.
        source: folder of what is to be scored; ``None`` where no rule wants it scored.
        forms: objects to make of the result.
        destinations: names of the peers that get them.
    """

    study_token: str
    content: str
    source: Path | None
    forms: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Due:
    """Results that are to go out, or that there are none.

    Args:
        arrival_id: of the study that came.
        source: of its images.
        series: its results; none where it could not be scored.
        forms: objects to make.
        destinations: who gets them.
        failed: whether it could not be scored.
        model: that could not, where it was not the site's own.
    """

    arrival_id: int
    source: Path
    series: tuple[KeptSeries, ...]
    forms: tuple[str, ...]
    destinations: tuple[str, ...]
    failed: bool = False
    model: str = ""


def is_known(store: Store, study_token: str, content: str) -> bool:
    """Tell whether a study was entered with exactly these instances."""
    with store.reading() as session:
        return session.scalars(_query(study_token, content)).first() is not None


def enter(store: Store, arrived: Arrived, *, root: Path, actor: str) -> str:
    """Put a study in line; a version of it that waits unbegun is replaced, not scored too.

    Args:
        store: the store.
        arrived: the study.
        root: results go below it.
        actor: who sent it.

    Returns:
        The study's key; empty where it is not to be scored, or was entered before.
    """
    with store.transaction() as session:
        lock(session.connection())
        if session.scalars(_query(arrived.study_token, arrived.content)).first() is not None:
            return ""
        key = "" if arrived.source is None else _put_in_line(session, arrived, root, actor)
        session.add(
            Arrival(
                study_token=arrived.study_token,
                content=arrived.content,
                source=str(arrived.source or ""),
                study_key=key,
                forms=json.dumps(arrived.forms),
                destinations=json.dumps(arrived.destinations),
                arrived_at=time.time(),
                dispatched_at=None if key and arrived.destinations else time.time(),
            )
        )
        return key


def _put_in_line(session: Session, arrived: Arrived, root: Path, actor: str) -> str:
    waiting = session.execute(
        select(Arrival, Study)
        .join(Study, Study.key == Arrival.study_key)
        .where(
            Arrival.study_token == arrived.study_token,
            Study.status == "received",
            Study.attempts == 0,
        )
        .with_for_update()
    ).first()
    source = str(arrived.source)
    if waiting is None:
        return enqueue_in(session, Path(source), root=root, actor=actor)
    earlier, study = waiting
    study.source = source
    session.execute(delete(Arrival).where(Arrival.id == earlier.id))
    return str(study.key)


def due(store: Store) -> list[Due]:
    """List results that are there and not in the outbox yet."""
    with store.reading() as session:
        arrivals = session.execute(
            select(Arrival, Study)
            .join(Study, Study.key == Arrival.study_key)
            .where(Arrival.dispatched_at.is_(None), Study.status.in_(SCORED))
            .order_by(Arrival.id)
        ).all()
        return [
            Due(
                arrival.id,
                Path(arrival.source),
                _results(session, arrival.source),
                tuple(json.loads(arrival.forms)),
                tuple(json.loads(arrival.destinations)),
            )
            for arrival, _ in arrivals
        ]


def failures_due(store: Store, form: str) -> list[Due]:
    """List studies that could not be scored, whose peers want to hear so and do not know it yet.

    Args:
        store: the store.
        form: the one that can say so; the others are made of results alone.
    """
    with store.reading() as session:
        arrivals = session.execute(
            select(Arrival, Study)
            .join(Study, Study.key == Arrival.study_key)
            .where(
                Arrival.dispatched_at.is_(None),
                Arrival.failure_told_at.is_(None),
                Study.status == "failed",
                Study.failure != str(CANCELLED),
            )
            .order_by(Arrival.id)
        ).all()
        return [
            Due(
                arrival.id,
                Path(arrival.source),
                (),
                (form,),
                tuple(json.loads(arrival.destinations)),
                failed=True,
                model=study.model,
            )
            for arrival, study in arrivals
            if form in json.loads(arrival.forms)
        ]


def _results(session: Session, source: str) -> tuple[KeptSeries, ...]:
    # an input of several series became several studies, see medical.store.results
    studies = session.scalars(
        select(Study).where(Study.source == source, Study.status.in_(SCORED)).order_by(Study.id)
    )
    return tuple(series for study in studies for series in series_of(session, study))


def dispatch(store: Store, arrival: Due, outgoing: Sequence[Outgoing]) -> None:
    """Enter a study's objects for all its peers, and that they are entered, or nothing of it.

    Of a study that could not be scored, that its peers were told so: its results, where it is
    scored after all, go out as well.
    """
    column = Arrival.failure_told_at if arrival.failed else Arrival.dispatched_at
    with store.transaction() as session:
        done = session.execute(
            update(Arrival)
            .where(Arrival.id == arrival.arrival_id, column.is_(None))
            .values({column: time.time()})
        )
        if done.rowcount:  # type: ignore[attr-defined]
            for destination in arrival.destinations:
                put(session, destination, outgoing)


def sources(store: Store) -> set[Path]:
    """Return the folders of all studies that were put in line."""
    with store.reading() as session:
        query = select(Arrival.source).where(Arrival.source != "")
        return {Path(source) for source in session.scalars(query)}


def sources_in_use(store: Store) -> set[Path]:
    """Return folders whose studies wait, are being scored, failed, or have results to send."""
    with store.reading() as session:
        rows = session.execute(
            select(Arrival.source, Arrival.dispatched_at, Study.status).join(
                Study, Study.key == Arrival.study_key
            )
        )
        return {
            Path(source)
            for source, dispatched_at, status in rows.tuples()
            if dispatched_at is None or status not in SCORED
        }


def _query(study_token: str, content: str):  # type: ignore[no-untyped-def]
    return select(Arrival).where(Arrival.study_token == study_token, Arrival.content == content)
