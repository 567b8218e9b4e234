"""How much of the lungs was searched stands in every form of a report."""

from __future__ import annotations

import json

import pytest

from medical.ct.volume import QualityNote
from medical.detection.findings import Searched
from medical.i18n.catalogue import Translator
from medical.report.content import ReportContent
from medical.report.record import report_json
from medical.report.text import report_text
from medical.store.tables import Study
from tests.medical.store.made import made_series

UNKNOWN = "which share of each lung was searched is not known"


def content(searched: Searched | None, *, negative: bool) -> ReportContent:
    note = QualityNote(code="lung_not_searched", severity="severe", message="The left lung.")
    scored = made_series().model_copy(
        update={"searched": searched, "negative": negative, "quality": [note]}
    )
    return ReportContent(Study(key="3fa92c0000000000", status="ready"), scored, ())


@pytest.mark.parametrize(
    ("searched", "negative", "line"),
    [
        (Searched(left=0.0, right=1.0), False, "0% of the left lung and 100% of the right lung"),
        (Searched(left=None, right=None), False, "an unknown share of the left lung"),
        (Searched(left=0.9, right=1.0), True, ""),
        (None, True, UNKNOWN),
    ],
)
def test_text_and_json_tell_what_was_searched(
    searched: Searched | None, negative: bool, line: str
) -> None:
    made = content(searched, negative=negative)
    text = report_text(made, Translator("en"))
    assert line in text
    assert ("Not negative" in text) == (not negative)
    assert (UNKNOWN in text) == (searched is None)
    assert ("比例未知" in report_text(made, Translator("zh"))) == (searched is None)
    record = json.loads(report_json(made))
    assert record["negative"] is negative
    assert record["searched"] == (searched.model_dump() if searched else None)
    assert record["quality"][0]["code"] == "lung_not_searched"
