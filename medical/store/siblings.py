"""One study, one patient: an input that holds several becomes as many studies.

The study that was put in line keeps the first series; each other series becomes a study of its own,
with a result folder, decisions and a signature of its own, and what could not be scored beside
them a failed one, so that nobody is left out without a word.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from medical.detection.findings import SeriesFindings
from medical.store.audit import record
from medical.store.database import Store
from medical.store.results import keep_results
from medical.store.tables import SCORED, Status, StoredSeries, Study


def add_siblings(
    session: Session, study: Study, series: Sequence[SeriesFindings], *, failure: str, actor: str
) -> None:
    """Make studies of further series of ``study``'s input, in the caller's transaction.

    Args:
        session: of the transaction.
        study: the one that was put in line.
        series: that do not belong to it; their folders are moved out of its folder.
        failure: what of the input could not be scored, in sentences; empty where all was.
        actor: who scored.
    """
    for scored in series:
        sibling = _sibling(session, study, "ready", _key_of_part(study, scored))
        _move(scored.series_instance_uid, Path(study.folder), Path(sibling.folder))
        keep_results(session, sibling, [scored])
        record(session, actor=actor, action="ready", subject=sibling.key)
    if failure:
        sibling = _sibling(session, study, "failed", secrets.token_hex(8))
        sibling.failure = str(failure)
        record(session, actor=actor, action="failed", subject=sibling.key)


def without_known(
    session: Session, study: Study, series: Sequence[SeriesFindings]
) -> list[SeriesFindings]:
    """Those that have no study yet: an input of which a part failed may be tried once more."""
    query = select(Study.uids).where(
        Study.source == study.source,
        Study.received_at == study.received_at,  # came in one piece, not put in line twice
        Study.id != study.id,
        Study.status.in_(SCORED),
    )
    known = {uid for uids in session.scalars(query) for uid in uids.split()}
    return [one for one in series if one.series_instance_uid not in known]


def same_images(store: Store, study_id: int, scored: SeriesFindings) -> list[str]:
    """Labels of scored studies that show the very same files as a series that was just scored."""
    if scored.input is None:
        return []
    query = (
        select(Study)
        .join(StoredSeries, StoredSeries.study_id == Study.id)
        .where(
            Study.id != study_id,
            Study.status.in_(SCORED),
            StoredSeries.series_uid == scored.series_instance_uid,
            StoredSeries.scored.contains(scored.input.sha256),
        )
        .order_by(Study.id)
    )
    with store.reading() as session:
        return [study.label for study in session.scalars(query)]


def _key_of_part(study: Study, scored: SeriesFindings) -> str:
    """Derive the same key each time: a failed transaction is tried again on a moved folder."""
    part = f"{study.key} {scored.series_instance_uid}"
    return hashlib.sha256(part.encode()).hexdigest()[: len(study.key)]


def _sibling(session: Session, study: Study, status: Status, key: str) -> Study:
    sibling = Study(
        key=key,
        source=study.source,
        folder=str(Path(study.folder).with_name(key)),
        status=status,
        received_at=study.received_at,
    )
    session.add(sibling)
    session.flush()
    return sibling


def _move(name: str, there: Path, here: Path) -> None:
    if (there / name).is_dir():
        here.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (here / name).is_dir():  # of a worker that ended before its transaction did
            shutil.rmtree(here / name)
        (there / name).rename(here / name)
