"""One decision about one finding: what it may say, and its fingerprint in the audit trail.

A nodule that a reader added where the model outlined nothing has no size: only the reader can
measure it, so it cannot be accepted or signed without a diameter.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from typing import get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from medical.detection.findings import AddedFinding
from medical.nodule.guidelines.assessment import NOTHING_ENTERED, Assessment
from medical.review.refusals import UnmeasuredError
from medical.store.audit import record
from medical.store.database import Store
from medical.store.tables import AuditEntry, Decision, StoredFinding, Study, Verdict

MIN_DIAMETER_MM = 1.0
MAX_DIAMETER_MM = 300.0
MAX_TEXT_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class NewDecision:
    """What a reader says about a finding.

    Args:
        verdict: ``accepted``, ``rejected``, or ``open`` to take an earlier one back.
        reason: why; a rejection needs one.
        comment: anything else.
        diameter_mm: the reader's own measure, in place of the model's.
        assessment: what else the reader enters for the guidelines.

    Raises:
        ValueError: an unknown verdict, a rejection without reason, a text that is too long, or a
            diameter outside [1, 300] mm.
    """

    verdict: Verdict
    reason: str = ""
    comment: str = ""
    diameter_mm: float | None = None
    assessment: Assessment = NOTHING_ENTERED

    def __post_init__(self) -> None:
        if self.verdict not in get_args(Verdict):
            raise ValueError(f"verdict must be one of {get_args(Verdict)}, got {self.verdict!r}")
        if self.verdict == "rejected" and not self.reason.strip():
            raise ValueError("a rejection needs a reason, got none")
        for name, text in (("reason", self.reason), ("comment", self.comment)):
            if len(text) > MAX_TEXT_LENGTH:
                raise ValueError(f"{name} may hold {MAX_TEXT_LENGTH} characters, got {len(text)}")
        size = self.diameter_mm
        if size is not None and not MIN_DIAMETER_MM <= size <= MAX_DIAMETER_MM:
            span = f"{MIN_DIAMETER_MM:g} to {MAX_DIAMETER_MM:g} mm"
            raise ValueError(f"diameter_mm must be {span}, got {size}")


def append(
    session: Session,
    study: Study,
    finding: StoredFinding,
    new: NewDecision,
    *,
    actor: str,
    action: str,
) -> None:
    """Write a decision as the finding's latest, in the caller's transaction."""
    finding.version += 1
    decision = Decision(
        finding_id=finding.id,
        version=finding.version,
        verdict=new.verdict,
        reason=new.reason.strip(),
        comment=new.comment.strip(),
        diameter_mm=new.diameter_mm,
        assessment=new.assessment.to_json(),
        actor=actor,
        at=time.time(),
    )
    session.add(decision)
    study.status = "review"
    study.version += 1
    record(session, actor=actor, action=action, subject=_subject(study.key, decision))


def unaccounted(store: Store) -> list[int]:
    """Rows of decisions whose content is not what the audit trail says: somebody changed them."""
    with store.reading() as session:
        audited = set(session.scalars(select(AuditEntry.subject)))
        rows = session.execute(
            select(Study.key, Decision)
            .join(StoredFinding, StoredFinding.study_id == Study.id)
            .join(Decision, Decision.finding_id == StoredFinding.id)
            .order_by(Decision.id)
        )
        return [decision.id for key, decision in rows if _subject(key, decision) not in audited]


def _subject(key: str, decision: Decision) -> str:
    """Study, finding, version, and a digest of what was decided: no text of the reader's."""
    content = [
        decision.finding_id,
        decision.version,
        decision.verdict,
        decision.reason,
        decision.comment,
        decision.diameter_mm,
        decision.actor,
        decision.at,
    ]
    if decision.assessment:  # so that digests of decisions without one stay what they were
        content.append(decision.assessment)
    digest = hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:32]
    return f"{key} finding {decision.finding_id} v{decision.version} {digest}"


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
