"""What was scored, as the store keeps it: a row a finding, so that readers can decide on each."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from medical.detection.findings import SeriesFindings
from medical.store.audit import record
from medical.store.database import Store
from medical.store.series import keep_series, series_of
from medical.store.tables import StoredFinding, Study


def keep_results(session: Session, study: Study, series: Sequence[SeriesFindings]) -> None:
    """Write the findings of a scored study in the caller's transaction."""
    found = [finding for one in series for finding in one.findings]
    if found:
        strongest = max(found, key=lambda finding: finding.probability)
        study.priority = strongest.probability
        study.priority_low, study.priority_high = strongest.probability_ci95
    study.findings = len(found)
    uids = [uid for one in series for uid in (one.study_instance_uid, one.series_instance_uid)]
    study.uids = " ".join(dict.fromkeys(uid for uid in uids if uid))
    session.flush()
    keep_series(session, study, series)
    session.add_all(
        StoredFinding(
            study_id=study.id,
            series_uid=one.series_instance_uid,
            number=finding.id,
            origin="model",
            measured=finding.model_dump_json(),
            version=0,
        )
        for one in series
        for finding in one.findings
    )


def adopt(
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
    if study.version > 0 or [one.scored for one in series_of(session, study)] == list(series):
        return
    session.execute(delete(StoredFinding).where(StoredFinding.study_id == study.id))
    study.priority = study.priority_low = study.priority_high = 0.0
    keep_results(session, study, series)
    record(session, actor=actor, action="adopt", subject=f"{study.key} {digest}".strip())
