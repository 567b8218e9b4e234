"""What readers ask about studies of the worklist: cancel, score again, put aside, delete.

A study that somebody decided on is never deleted, only put aside: decisions stay for good. Each
action is in the audit trail, with its reason.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Literal, get_args

from sqlalchemy import delete, select

from medical.i18n.messages import message
from medical.store.audit import record
from medical.store.database import Store
from medical.store.queue import end_row, enqueue_in
from medical.store.tables import (
    Decision,
    StoredFinding,
    StoredIdentity,
    StoredReport,
    StoredSeries,
    Study,
)

ArchiveReason = Literal["done", "duplicate", "wrong study", "not chest", "test", "dismissed"]
ARCHIVE_REASONS: tuple[ArchiveReason, ...] = get_args(ArchiveReason)
CANCELLED = message("scoring was cancelled")
_BEGUN = ("received", "scoring")


def known_input(store: Store, content: str) -> str | None:
    """Key of the study that was made of the very same input; ``None`` where there is none.

    One that failed or was put aside does not count.
    """
    query = select(Study.key).where(
        Study.content == content, Study.status != "failed", Study.archived_at.is_(None)
    )
    with store.reading() as session:
        return session.scalars(query.order_by(Study.id)).first() if content else None


def is_known(store: Store, key: str) -> bool:
    """Whether there is a study of this key; there is none once it was deleted."""
    with store.reading() as session:
        return session.scalars(select(Study.id).where(Study.key == key)).first() is not None


def cancel(store: Store, key: str, *, actor: str) -> bool:
    """Take a study out of the line or from its worker; false where it is neither.

    The worker finds at its next renewal that it has lost the study, and leaves it.
    """
    with store.transaction() as session:
        query = select(Study).where(Study.key == key, Study.status.in_(("received", "scoring")))
        study = session.scalars(query.with_for_update()).first()
        if study is None:
            return False
        record(session, actor=actor, action="cancel", subject=key)
        end_row(session, study, "failed", actor, failure=CANCELLED)
        return True


def try_again(store: Store, key: str, *, actor: str, model: str | None = None) -> bool:
    """Put a failed study in line once more; false where it did not fail.

    Args:
        store: the store.
        key: of the study.
        actor: who asks.
        model: another that scores it; ``None``: the one of before.
    """
    with store.transaction() as session:
        query = select(Study).where(Study.key == key, Study.status == "failed").with_for_update()
        study = session.scalars(query).first()
        if study is None:
            return False
        study.attempts = 0
        study.archived_at, study.archived_reason = None, ""
        if model is not None:
            study.model = model
        end_row(session, study, "received", actor)
        return True


def score_again(store: Store, key: str, *, root: Path, actor: str, model: str = "") -> str | None:
    """Queue the input of a scored study as a study of its own, once, however many ask for it.

    Args:
        store: the store.
        key: of the study.
        root: results go to a folder of their own below it.
        actor: who asks.
        model: that scores it; the worker's own where empty.

    Returns:
        The new study's key; ``None`` where this model is to score the input already, or there is no
        such study any more.
    """
    with store.transaction() as session:
        study = session.scalars(select(Study).where(Study.key == key).with_for_update()).first()
        if study is None:
            return None
        waiting = select(Study.id).where(
            Study.source == study.source, Study.model == model, Study.status.in_(_BEGUN)
        )
        if session.scalars(waiting).first() is not None:
            return None
        return enqueue_in(session, Path(study.source), root=root, actor=actor, model=model)


def archive(store: Store, key: str, *, reason: ArchiveReason, actor: str) -> bool:
    """Put a study aside: the worklist leaves it out; false where it is scored or aside already.

    Raises:
        ValueError: the reason is not one of ``ARCHIVE_REASONS``.
    """
    if reason not in ARCHIVE_REASONS:
        raise ValueError(f"reason must be among {ARCHIVE_REASONS}, got {reason!r}")
    with store.transaction() as session:
        query = select(Study).where(Study.key == key, Study.archived_at.is_(None))
        study = session.scalars(query.with_for_update()).first()
        if study is None or study.status in _BEGUN:
            return False
        study.archived_at, study.archived_reason = time.time(), reason
        record(session, actor=actor, action="archive", subject=f"{key} {reason}")
        return True


def bring_back(store: Store, key: str, *, actor: str) -> bool:
    """Show a study again that was put aside; false where it was not."""
    with store.transaction() as session:
        query = select(Study).where(Study.key == key, Study.archived_at.is_not(None))
        study = session.scalars(query.with_for_update()).first()
        if study is None:
            return False
        study.archived_at, study.archived_reason = None, ""
        record(session, actor=actor, action="bring back", subject=key)
        return True


def remove(store: Store, key: str, *, reason: ArchiveReason, results: Path, actor: str) -> bool:
    """Delete a study that nobody has decided on, its findings and its result folder.

    Args:
        store: the store.
        key: of the study.
        reason: why, for the audit trail.
        results: the folder below which results of the queue lie; none elsewhere is deleted.
        actor: who asks.

    Returns:
        False where it is being scored, or somebody decided on a finding of it: put it aside.

    Raises:
        ValueError: the reason is not one of ``ARCHIVE_REASONS``.
    """
    if reason not in ARCHIVE_REASONS:
        raise ValueError(f"reason must be among {ARCHIVE_REASONS}, got {reason!r}")
    with store.transaction() as session:
        study = session.scalars(select(Study).where(Study.key == key).with_for_update()).first()
        if study is None or study.status in (*_BEGUN, "signed"):
            return False
        findings = select(StoredFinding.id).where(StoredFinding.study_id == study.id)
        decided = select(Decision.id).where(Decision.finding_id.in_(findings))
        reports = select(StoredReport.id).where(StoredReport.study_id == study.id)
        if session.scalars(decided).first() or session.scalars(reports).first():
            return False
        folder = Path(study.folder)
        for table in (StoredIdentity, StoredSeries, StoredFinding):
            session.execute(delete(table).where(table.study_id == study.id))
        session.delete(study)
        record(session, actor=actor, action="delete", subject=f"{key} {reason}")
    if folder.parent == results:
        shutil.rmtree(folder, ignore_errors=True)
    return True
