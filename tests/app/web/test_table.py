from __future__ import annotations

from app.web.table import findings_table
from app.web.words import Words
from tests.app.web.made_results import made_findings, made_volume


def test_every_measurement_carries_its_interval() -> None:
    findings = made_findings(made_volume())
    cells = findings_table(findings, Words("en"))["rows"][0]["cells"]
    assert cells[1] == {"text": "0.88", "interval": "0.70–0.95"}
    assert cells[4] == {"text": "14.0", "interval": "12.7–15.4"}
    assert cells[5]["interval"] == "1006–1940"


def test_a_negative_study_says_what_that_does_not_mean() -> None:
    findings = made_findings(made_volume()).model_copy(update={"findings": [], "negative": True})
    table = findings_table(findings, Words("en"))
    assert table["rows"] == []
    assert "does not rule out" in table["empty"]
