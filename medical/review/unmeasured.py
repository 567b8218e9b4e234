"""Nodules added where the model outlined nothing: only the reader can measure them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from medical.detection.findings import AddedFinding
from medical.review.refusals import UnmeasuredError
from medical.store.tables import Decision, StoredFinding, Study


def was_guessed(finding: StoredFinding) -> bool:
    """Whether a reader added it where the model outlined nothing."""
    return (
        finding.origin == "reader"
        and not AddedFinding.model_validate_json(finding.measured).outlined
    )


def refuse_unmeasured(session: Session, study: Study) -> None:
    """Refuse to sign over accepted nodules that nobody measured.

    Stores of versions up to 0.5 may hold such.

    Raises:
        UnmeasuredError: there is one.
    """
    query = (
        select(StoredFinding)
        .join(
            Decision,
            (Decision.finding_id == StoredFinding.id) & (Decision.version == StoredFinding.version),
        )
        .where(
            StoredFinding.study_id == study.id,
            StoredFinding.origin == "reader",
            Decision.verdict == "accepted",
            Decision.diameter_mm.is_(None),
        )
    )
    for finding in session.scalars(query):
        if was_guessed(finding):
            raise UnmeasuredError(finding.number)
