"""Readers decide: accept, reject, comment, measure again, add a nodule, sign.

Every action names the version that the reader saw. When somebody else was faster nothing is
written, and the refusal says who did what; earlier decisions stay in the store for good. Action and
audit entry are one transaction. A study takes decisions from ``ready`` until it is signed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from medical.detection.findings import AddedFinding
from medical.nodule.guidelines.assessment import Examination
from medical.review.decisions import NewDecision, append, refuse_unmeasured, was_guessed
from medical.review.locked_study import open_study
from medical.review.refusals import (
    ChangedMeanwhileError,
    DecidedMeanwhileError,
    DeletedError,
    UndecidedError,
    UnmeasuredError,
)
from medical.review.signed_reports import ReportFile, keep_report
from medical.store.audit import record
from medical.store.database import Store
from medical.store.tables import Decision, StoredFinding, Study


def decide(
    store: Store,
    finding_id: int,
    new: NewDecision,
    *,
    seen_version: int,
    actor: str,
    study_key: str | None = None,
) -> int:
    """Write one reader's decision about one finding; returns its version.

    Args:
        store: the store.
        finding_id: row of the finding.
        new: what is decided.
        seen_version: the finding's version when the reader looked.
        actor: who decides.
        study_key: see ``decide_all``.

    Raises:
        DecidedMeanwhileError: somebody decided after the reader looked.
        SignedError: the study is signed.
        NotReadyError: the study is not scored.
        UnmeasuredError: accepted without a size, where neither model nor reader measured.
        DeletedError: there is no such finding.
        ValueError: the actor has no name.
    """
    step = (finding_id, new, seen_version)
    return decide_all(store, [step], actor=actor, study_key=study_key)[0]


def decide_all(
    store: Store,
    decisions: Sequence[tuple[int, NewDecision, int]],
    *,
    actor: str,
    study_key: str | None = None,
) -> list[int]:
    """Write decisions about several findings, all of them or none; returns their versions.

    Args:
        store: the store.
        decisions: row of the finding, what is decided, the finding's version when the reader
            looked.
        actor: who decides.
        study_key: of the study that the reader saw: once it is deleted, another patient's findings
            may be in its findings' rows.

    Raises:
        DecidedMeanwhileError: somebody decided about one of them after the reader looked.
        SignedError: the study is signed.
        NotReadyError: the study is not scored.
        UnmeasuredError: accepted without a size, where neither model nor reader measured.
        DeletedError: there is no such finding.
        ValueError: the actor has no name.
    """
    require_name(actor)
    with store.transaction() as session:
        return [
            _decide(session, finding_id, new, seen_version, actor, study_key)
            for finding_id, new, seen_version in decisions
        ]


def _decide(
    session: Session,
    finding_id: int,
    new: NewDecision,
    seen_version: int,
    actor: str,
    study_key: str | None,
) -> int:
    # The study's row first, always: two readers then queue there and never wait for each other.
    owner = select(StoredFinding.study_id).where(StoredFinding.id == finding_id)
    study = open_study(session, Study.id == owner.scalar_subquery())
    if study_key not in (None, study.key):
        raise DeletedError
    finding = session.get_one(StoredFinding, finding_id)
    if finding.version != seen_version:
        _refuse(session, finding)
    if new.verdict == "accepted" and new.diameter_mm is None and was_guessed(finding):
        raise UnmeasuredError(finding.number)
    append(session, study, finding, new, actor=actor, action=new.verdict)
    return finding.version


def add_finding(
    store: Store,
    study_key: str,
    series_uid: str,
    measured: AddedFinding,
    *,
    actor: str,
    comment: str = "",
) -> int:
    """Add a nodule that a reader saw. Returns its number in the series.

    It counts as accepted, unless the model outlined nothing there: then it waits for the reader's
    own diameter.

    Raises:
        ValueError: the actor has no name.
        SignedError: the study is signed.
        NotReadyError: the study is not scored.
        DeletedError: there is no such study.
    """
    require_name(actor)
    with store.transaction() as session:
        study = open_study(session, Study.key == study_key)
        same_series = (
            StoredFinding.study_id == study.id,
            StoredFinding.series_uid == series_uid,
        )
        last = session.scalar(select(func.max(StoredFinding.number)).where(*same_series))
        finding = StoredFinding(
            study_id=study.id,
            series_uid=series_uid,
            number=(last or 0) + 1,
            origin="reader",
            measured=measured.model_dump_json(),
            version=0,
        )
        session.add(finding)
        session.flush()
        study.findings += 1
        new = NewDecision("accepted" if measured.outlined else "open", comment=comment)
        append(session, study, finding, new, actor=actor, action="add")
        return finding.number


def sign(
    store: Store,
    study_key: str,
    *,
    seen_version: int,
    actor: str,
    at: float | None = None,
    report: Sequence[ReportFile] = (),
) -> None:
    """End the reading of a study.

    Args:
        store: the store.
        study_key: which.
        seen_version: the study's version when the reader looked.
        actor: who signs.
        at: when, seconds since 1970; now where not given.
        report: made of ``seen_version``, signed by ``actor`` and ``at``; kept as it is.

    Raises:
        UndecidedError: a finding is neither accepted nor rejected.
        ChangedMeanwhileError: the study changed after the reader looked.
        SignedError: it is signed already.
        NotReadyError: the study is not scored.
        DeletedError: there is no such study.
        ValueError: the actor has no name.
    """
    require_name(actor)
    with store.transaction() as session:
        study = open_study(session, Study.key == study_key)
        if study.version != seen_version:
            raise ChangedMeanwhileError
        if undecided := _undecided(session, study):
            raise UndecidedError(undecided)
        refuse_unmeasured(session, study)
        study.status, study.signed_by = "signed", actor
        study.signed_at = time.time() if at is None else at
        study.version += 1
        record(session, actor=actor, action="sign", subject=keep_report(session, study, report))


def describe_examination(
    store: Store, study_key: str, examination: Examination, *, seen_version: int, actor: str
) -> None:
    """Write down what the examination is, for the guidelines.

    Raises:
        ChangedMeanwhileError: the study changed after the reader looked.
        SignedError: it is signed.
        NotReadyError: the study is not scored.
        DeletedError: there is no such study.
        ValueError: the actor has no name.
    """
    require_name(actor)
    with store.transaction() as session:
        study = open_study(session, Study.key == study_key)
        if study.version != seen_version:
            raise ChangedMeanwhileError
        study.examination = examination.to_json()
        study.status = "review"
        study.version += 1
        digest = hashlib.sha256(study.examination.encode()).hexdigest()[:32]
        subject = f"{study.key} v{study.version} {digest}"
        record(session, actor=actor, action="examination", subject=subject)


def reopen(store: Store, study_key: str, *, actor: str) -> bool:
    """Take a signature back, for administrators; false where there is none."""
    with store.transaction() as session:
        study = session.scalars(
            select(Study).where(Study.key == study_key).with_for_update()
        ).first()
        if study is None or study.status != "signed":
            return False
        study.status, study.signed_by, study.signed_at = "review", "", None
        study.version += 1
        record(session, actor=actor, action="reopen", subject=f"{study.key} v{study.version}")
        return True


def note_opened(store: Store, study_key: str, *, actor: str) -> None:
    """Write down who looked at a study's images."""
    with store.transaction() as session:
        record(session, actor=actor, action="open", subject=study_key)


def note_exported(store: Store, study_key: str, *, actor: str) -> None:
    """Write down who took a study's report away."""
    with store.transaction() as session:
        record(session, actor=actor, action="export", subject=study_key)


def require_name(actor: str) -> None:
    """Refuse a deed of nobody.

    Raises:
        ValueError: the actor has no name.
    """
    if not actor.strip():
        raise ValueError("a decision needs the name of who decides, got none")


def _undecided(session: Session, study: Study) -> list[int]:
    query = (
        select(StoredFinding.number, Decision.verdict)
        .outerjoin(
            Decision,
            (Decision.finding_id == StoredFinding.id) & (Decision.version == StoredFinding.version),
        )
        .where(StoredFinding.study_id == study.id)
        .order_by(StoredFinding.series_uid, StoredFinding.number)
    )
    rows = session.execute(query)
    return [number for number, verdict in rows if verdict is None or verdict == "open"]


def _refuse(session: Session, finding: StoredFinding) -> None:
    latest = session.scalars(
        select(Decision).where(
            Decision.finding_id == finding.id, Decision.version == finding.version
        )
    ).one()
    raise DecidedMeanwhileError(
        finding.number, latest.verdict, latest.actor, latest.at, latest.reason
    )
