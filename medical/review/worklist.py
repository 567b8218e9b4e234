"""The studies that wait for a reader: filtered, searched, what is to be read first."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sqlalchemy import ColumnElement, Select, Text, case, func, or_, select

from medical.dicom.header.identity import Identity
from medical.store.audit import newest_number
from medical.store.database import Store
from medical.store.tables import STATUSES, Decision, Status, StoredFinding, StoredIdentity, Study

MOST_ROWS = 500
_LABEL = "CT-"


_ORDER = {"ready": 0, "review": 0, "scoring": 1, "received": 1, "failed": 2, "signed": 3}
"""What is to be read stands first, what is done last."""


def worklist(
    store: Store,
    *,
    status: Collection[Status] = (),
    text: str = "",
    scanner: str = "",
    received: tuple[float, float] | None = None,
    archived: bool | None = False,
    identities: bool = False,
    limit: int | None = MOST_ROWS,
) -> list[Study]:
    """Studies: those to be read by their strongest finding, then those in line, failed, signed.

    Args:
        store: the store.
        status: only these; all when empty.
        text: part of the label, key, UIDs, the reason of a failure, a reader's comment or name.
        scanner: only studies with images of this one.
        received: only those received from the first to before the second, seconds since 1970.
        archived: those that were put aside, instead of those that were not; ``None``: both.
        identities: look for the text in names and IDs of patients too.
        limit: not more rows than this; ``None``: all.

    Raises:
        ValueError: a status is not known.
    """
    unknown = [name for name in status if name not in STATUSES]
    if unknown:
        raise ValueError(f"status must be among {STATUSES}, got {unknown}")
    # the longest waiting first among equals; of the signed ones the latest first
    query = select(Study).order_by(
        case(_ORDER, value=Study.status),
        Study.max_probability.desc(),
        case((Study.status == "signed", -Study.signed_at), else_=Study.received_at),
        Study.id,
    )
    if archived is not None:
        aside = Study.archived_at.is_not(None) if archived else Study.archived_at.is_(None)
        query = query.where(aside)
    if status:
        query = query.where(Study.status.in_(status))
    if scanner:
        of_scanner = StoredIdentity.scanner == scanner
        query = query.where(Study.id.in_(select(StoredIdentity.study_id).where(of_scanner)))
    if received is not None:
        query = query.where(Study.received_at >= received[0], Study.received_at < received[1])
    if text.strip():
        query = _containing(query, text.strip(), identities=identities)
    with store.reading() as session:
        return list(session.scalars(query.limit(limit)))


def next_to_read(store: Store, *, after: str) -> str | None:
    """Key of the study to read next, in the worklist's order; ``None`` where none waits.

    Args:
        store: the store.
        after: key of the study that was just read; it is not its own next.
    """
    waiting = worklist(store, status=("ready", "review"), limit=2)
    return next((study.key for study in waiting if study.key != after), None)


def count_by_status(store: Store) -> dict[Status, int]:
    """How many studies are in each state, zeros too."""
    with store.reading() as session:
        shown = select(Study.status, func.count()).where(Study.archived_at.is_(None))
        rows = session.execute(shown.group_by(Study.status))
        counts = {status: count for status, count in rows.tuples()}  # noqa: C416
    return {status: counts.get(status, 0) for status in STATUSES}


def waiting_sources(store: Store) -> list[Path]:
    """List inputs of all studies that wait or are being scored, however many."""
    query = select(Study.source).where(Study.status.in_(("received", "scoring")))
    with store.reading() as session:
        return [Path(source) for source in session.scalars(query)]


def worklist_change_token(store: Store) -> str:
    """How the list stands: another text once anything was done, or a scoring got on. Cheap."""
    moving = select(Study.id, Study.status, Study.stage, Study.fraction).where(
        Study.status.in_(("received", "scoring"))
    )
    with store.reading() as session:
        rows = session.execute(moving.order_by(Study.id)).all()
    return f"{newest_number(store)} " + " ".join(
        f"{n}{state}{stage}{done:.2f}" for n, state, stage, done in rows
    )


def _containing(query: Select[Study], text: str, *, identities: bool) -> Select[Study]:
    decided = (
        select(StoredFinding.study_id)
        .join(Decision, Decision.finding_id == StoredFinding.id)
        .where(or_(*(_has(column, text) for column in (Decision.comment, Decision.actor))))
    )
    columns = (Study.key, Study.uids, Study.failure, Study.signed_by)
    hits = [*(_has(column, text) for column in columns), Study.id.in_(decided)]
    if identities:
        named = select(StoredIdentity.study_id).where(_has(_identity_values(), text))
        hits.append(Study.id.in_(named))
    if _is_label(text):
        hits.append(Study.key.istartswith(text.upper().removeprefix(_LABEL), autoescape=True))
    return query.where(or_(*hits))


def _identity_values() -> ColumnElement[str]:
    # without the names of its fields: whoever looks for "age" does not mean every study
    values: ColumnElement[str] = StoredIdentity.content.expression
    for field in Identity.model_fields:
        values = func.replace(values, f'"{field}":', "", type_=Text)
    return values


def _has(column, text: str):  # type: ignore[no-untyped-def]
    return column.icontains(text, autoescape=True)


def _is_label(text: str) -> bool:
    return text.upper().startswith(_LABEL) and len(text) > len(_LABEL)
