"""A reading with one accepted, one rejected and one added nodule."""

from __future__ import annotations

import pytest

from medical.report.content import ReportContent
from medical.review.reading import ReadFinding
from medical.store.tables import Decision, Study
from tests.medical.store.made import made_added, made_series


def decision(**fields: object) -> Decision:
    values: dict[str, object] = {
        "verdict": "accepted",
        "reason": "",
        "comment": "",
        "diameter_mm": None,
        "actor": "anna",
        "at": 1_750_000_000.0,
    }
    return Decision(**{**values, **fields})


@pytest.fixture
def content() -> ReportContent:
    scored = made_series(0.9, 0.4)
    study = Study(key="3fa92c0000000000", status="review", signed_by="", signed_at=None)
    accepted = decision(diameter_mm=11.5, comment="=HYPERLINK(1)")
    rejected = decision(verdict="rejected", reason="vessel", actor="bo")
    findings = (
        ReadFinding(1, "1.2.3", 1, 1, scored.findings[0], (accepted,)),
        ReadFinding(2, "1.2.3", 2, 1, scored.findings[1], (rejected,)),
        ReadFinding(3, "1.2.3", 3, 1, made_added(), (decision(),)),
    )
    return ReportContent(study, scored, findings)
