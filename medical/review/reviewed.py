"""What readers have decided about findings, over all studies, for the model's owner."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from medical.detection.findings import Finding
from medical.store.database import Store
from medical.store.tables import Decision, Origin, StoredFinding, Study, Verdict


@dataclass(frozen=True, slots=True)
class ReviewedFinding:
    """One finding of a signed study with the decision that holds.

    Args:
        study_key: of its study.
        series_uid: of its series.
        origin: who found it.
        verdict: ``accepted`` or ``rejected``.
        probability: the model's; ``None`` for a nodule that a reader added.
    """

    study_key: str
    series_uid: str
    origin: Origin
    verdict: Verdict
    probability: float | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Reviewed findings that no training of a model has seen, by what they are."""

    studies: int
    confirmed: int
    added: int
    rejected: int

    @property
    def findings(self) -> int:
        """All of them."""
        return self.confirmed + self.added + self.rejected


def reviewed_findings(store: Store) -> list[ReviewedFinding]:
    """Every accepted or rejected finding of the signed studies: a signature makes them final."""
    query = (
        select(StoredFinding, Decision.verdict, Study.key)
        .join(Study, Study.id == StoredFinding.study_id)
        .join(
            Decision,
            (Decision.finding_id == StoredFinding.id) & (Decision.version == StoredFinding.version),
        )
        .where(Study.status == "signed", Decision.verdict != "open")
        .order_by(Study.id, StoredFinding.series_uid, StoredFinding.number)
    )
    with store.reading() as session:
        return [
            ReviewedFinding(key, row.series_uid, row.origin, verdict, _probability(row))
            for row, verdict, key in session.execute(query).tuples()
        ]


def waiting(findings: Collection[ReviewedFinding], *, seen: Collection[str]) -> Waiting:
    """Count those of series that a model was not trained on.

    Args:
        findings: all reviewed ones.
        seen: series UIDs of ``scans_seen_in_training``.
    """
    new = [finding for finding in findings if finding.series_uid not in set(seen)]
    accepted = [finding for finding in new if finding.verdict == "accepted"]
    return Waiting(
        studies=len({finding.study_key for finding in new}),
        confirmed=sum(finding.origin == "model" for finding in accepted),
        added=sum(finding.origin == "reader" for finding in accepted),
        rejected=sum(finding.verdict == "rejected" for finding in new),
    )


def _probability(row: StoredFinding) -> float | None:
    if row.origin != "model":
        return None
    return Finding.model_validate_json(row.measured).probability
