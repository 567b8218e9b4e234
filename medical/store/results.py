"""What was scored, as the store keeps it: a row a finding, so that readers can decide on each.

One study, one patient: an input that holds several becomes as many studies. The study that was put
in line keeps the first series; each other series becomes a study of its own, with a result folder,
decisions and a signature of its own, and what could not be scored beside them a failed one, so that
nobody is left out without a word.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from medical.detection.findings import SeriesFindings
from medical.results.folder import ResultFolder
from medical.store.audit import record
from medical.store.database import Store
from medical.store.series import keep_series, series_of
from medical.store.tables import SCORED, SignedObject, Status, StoredFinding, StoredSeries, Study


def keep_results(
    session: Session,
    study: Study,
    series: Sequence[SeriesFindings],
    headers: Mapping[str, bytes] | None = None,
) -> None:
    """Write the findings of a scored study in the caller's transaction.

    Args:
        session: of the transaction.
        study: that was scored.
        series: what was found in it.
        headers: see ``keep_series``.
    """
    findings = [finding for scored in series for finding in scored.findings]
    if findings:
        strongest = max(findings, key=lambda finding: finding.probability)
        study.max_probability = strongest.probability
        study.max_probability_low, study.max_probability_high = strongest.probability_ci95
    study.findings = len(findings)
    uids = [
        uid for scored in series for uid in (scored.study_instance_uid, scored.series_instance_uid)
    ]
    study.uids = " ".join(dict.fromkeys(uid for uid in uids if uid))
    session.flush()
    keep_series(session, study, series, headers)
    session.add_all(
        StoredFinding(
            study_id=study.id,
            series_uid=scored.series_instance_uid,
            number=finding.id,
            origin="model",
            measured=finding.model_dump_json(),
            version=0,
        )
        for scored in series
        for finding in scored.findings
    )


def import_result(
    store: Store, folder: Path, series: Sequence[SeriesFindings], *, actor: str, digest: str = ""
) -> str:
    """Take a result that was scored elsewhere into the worklist; returns the study's key.

    The same folder is taken in once. Scored again since, by another model say, its findings are
    taken anew as long as no reader has done anything to them; afterwards they stay as decided on.

    Args:
        store: the store.
        folder: a folder that ``starlung score`` wrote.
        series: what its ``findings.json`` say.
        actor: who opened it.
        digest: of the folder; it stands in the audit trail behind the study's key.
    """
    place = str(folder)
    with store.transaction() as session:
        known = session.scalars(select(Study).where(Study.folder == place)).first()
        if known is not None:
            _take_anew(session, known, series, actor=actor, digest=digest)
            return known.key
        study = Study(
            key=secrets.token_hex(8),
            source=place,
            folder=place,
            status="ready",
            received_at=time.time(),
        )
        session.add(study)
        keep_results(session, study, series)
        record(session, actor=actor, action="adopt", subject=f"{study.key} {digest}".strip())
        return study.key


def _take_anew(
    session: Session, study: Study, series: Sequence[SeriesFindings], *, actor: str, digest: str
) -> None:
    if study.version > 0 or [
        kept_series.scored for kept_series in series_of(session, study)
    ] == list(series):
        return
    for table in (StoredFinding, SignedObject):
        session.execute(delete(table).where(table.study_id == study.id))
    study.max_probability = study.max_probability_low = study.max_probability_high = 0.0
    keep_results(session, study, series)
    record(session, actor=actor, action="adopt", subject=f"{study.key} {digest}".strip())


def add_siblings(
    session: Session,
    study: Study,
    series: Sequence[SeriesFindings],
    *,
    failure: str,
    actor: str,
    headers: Mapping[str, bytes] | None = None,
) -> None:
    """Make studies of further series of ``study``'s input, in the caller's transaction.

    Args:
        session: of the transaction.
        study: the one that was put in line.
        series: that do not belong to it; their folders are moved out of its folder.
        failure: what of the input could not be scored, in sentences; empty where all was.
        actor: who scored.
        headers: see ``keep_series``.
    """
    for scored in series:
        sibling = _sibling(session, study, "ready", sibling_key(study, scored))
        _move(scored.series_instance_uid, Path(study.folder), Path(sibling.folder))
        keep_results(session, sibling, [scored], headers)
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
    return [scored for scored in series if scored.series_instance_uid not in known]


def same_images(
    store: Store, study_id: int, scored: SeriesFindings, folder: ResultFolder
) -> list[str]:
    """Labels of scored studies that show the very same images as a series that was just scored.

    Those are the same files, or the same instances with the same pixels: an archive may have packed
    them in another way. Other pixels under the same UIDs are other images.

    Args:
        store: holds the studies.
        study_id: of the study whose series it is.
        scored: the series.
        folder: of its result.
    """
    if scored.input is None:
        return []
    images, sha256 = folder.read_images_digest(), scored.input.sha256
    query = (
        select(Study, StoredSeries.folder, StoredSeries.scored)
        .join(StoredSeries, StoredSeries.study_id == Study.id)
        .where(
            Study.id != study_id,
            Study.status.in_(SCORED),
            StoredSeries.series_uid == scored.series_instance_uid,
        )
        .order_by(Study.id)
    )
    with store.reading() as session:
        rows = [(study.label, *rest) for study, *rest in session.execute(query)]
    return [
        label
        for label, path, text in rows
        if sha256 in text or images == ResultFolder(Path(path)).read_images_digest() != ""
    ]


def sibling_key(study: Study, scored: SeriesFindings) -> str:
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
