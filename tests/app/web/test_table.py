from __future__ import annotations

import pytest

from app.web.reading.table import findings_table, probability_text
from medical.detection.findings import AddedFinding
from medical.review.reading import ReadFinding
from medical.store.tables import Decision
from tests.app.web.made_results import made_findings, made_volume


@pytest.fixture(scope="module")
def first() -> ReadFinding:
    measured = made_findings(made_volume(shape=(20, 20, 20))).findings[0]
    return ReadFinding(1, "1.2", 1, 0, measured, ())


def decided(finding: ReadFinding, **fields: object) -> ReadFinding:
    values = {"verdict": "accepted", "reason": "", "comment": "", "actor": "anna", "at": 0.0}
    decision = Decision(finding_id=1, version=1, **{**values, **fields})
    return ReadFinding(1, "1.2", 1, 1, finding.measured, (decision,))


def test_every_measurement_carries_its_interval(first: ReadFinding) -> None:
    cells = findings_table([first])["rows"][0]["cells"]
    assert cells[1] == {"text": "0.88", "interval": "(0.70–0.95)"}
    assert cells[4] == {"text": "14.0", "interval": "(12.7–15.4)"}
    assert cells[5]["interval"] == "(1006–1940)"


def test_a_negative_study_says_what_that_does_not_mean() -> None:
    table = findings_table([])
    assert table["rows"] == []
    assert "does not rule out" in table["empty"]


def test_a_decision_shows_who_made_it(first: ReadFinding) -> None:
    row = findings_table([decided(first, verdict="rejected", reason="vessel")])["rows"][0]
    assert row["verdict"] == "rejected"
    assert row["cells"][-1] == {"text": "rejected: vessel", "interval": "anna"}


def test_a_readers_measure_stands_in_place_of_the_models(first: ReadFinding) -> None:
    row = findings_table([decided(first, diameter_mm=11.5)])["rows"][0]
    assert row["cells"][4] == {"text": "11.5", "interval": "(by the reader)"}


def test_a_readers_nodule_claims_no_probability(first: ReadFinding) -> None:
    measured = AddedFinding.measured(first.measured, outlined=True)
    added = ReadFinding(2, "1.2", 2, 0, measured, ())
    assert findings_table([added])["rows"][0]["cells"][1]["text"] == "added by a reader"
    assert probability_text(added) == "added by a reader"
