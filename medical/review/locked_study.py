"""A study that a reader is about to change: locked, and refused where it takes no decisions."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from medical.review.refusals import DeletedError, NotReadyError, SignedError
from medical.store.tables import Study


def open_study(session: Session, which: object) -> Study:
    """Lock a study that takes decisions, in the caller's transaction.

    Args:
        session: the transaction.
        which: condition that finds it.

    Raises:
        DeletedError: there is none.
        SignedError: it is signed.
        NotReadyError: it is not scored.
    """
    query = select(Study).where(which).with_for_update()  # type: ignore[arg-type]
    study = session.scalars(query).first()
    if study is None:
        raise DeletedError
    if study.status == "signed":
        raise SignedError(study.signed_by, study.signed_at or 0.0)
    if study.status not in ("ready", "review"):
        raise NotReadyError(study.status)
    return study
