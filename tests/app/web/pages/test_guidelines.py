"""The page's guidelines are the report's, and what is entered for them is kept."""

from __future__ import annotations

from typing import Any

import pytest

from medical.i18n.catalogue import Translator
from medical.report.content import ReportContent
from medical.report.text import report_text
from medical.review.reading import read_study
from medical.review.reviews import sign
from tests.app.web.made_results import UID, made_findings, made_volume
from tests.app.web.pages.conftest import OpenPage, Page

KIND, AGE = "Examination", "Age in years"


def table(page: Page) -> str:
    bodies = (element.proto.body for element in page.tab.get("html"))
    return str(next(body for body in bodies if "Lung-RADS v2022" in body))


def report(page: Page) -> str:
    reading = read_study(page.store, page.key)
    scored = made_findings(made_volume((24, 40, 40), (10.0, 8.8, 8.8)))
    content = ReportContent(reading.study, scored, tuple(reading.of_series(UID)))
    return report_text(content, Translator("en"))


def test_the_table_leaves_out_rejected_marks_and_uses_the_readers_diameter(
    open_page: OpenPage,
) -> None:
    page = open_page()
    page.enter("number_input", "Diameter measured by me (mm)", 16.0)
    page.press("Accept 1")
    page.enter("selectbox", "Reason for rejection", "vessel")
    page.press("Reject 2")
    page.press("Accept 3")
    shown = table(page)
    assert "<td>2" not in shown
    assert "4B (solid ≥ 15 mm at baseline), by finding 1." in shown
    assert "4B (solid ≥ 15 mm at baseline), by finding 1." in report(page)


def test_a_part_solid_nodule_asks_for_its_solid_component(open_page: OpenPage) -> None:
    page = open_page()
    page.enter("selectbox", "My density", "part-solid")
    page.press("Accept 1")
    page.press("Accept 2")
    page.press("Accept 3")
    missing = "finding 1: diameter of the solid component"
    assert missing in table(page)
    assert missing in report(page)
    page.press("Next (N)")
    page.enter("number_input", "Solid component, mean diameter, mm", 7.0)
    page.press("Accept 1")
    assert "): 4A (" in table(page)


def test_the_kind_of_examination_is_kept_and_told(open_page: OpenPage) -> None:
    page = open_page()
    page.enter("selectbox", KIND, "follow-up")
    assert read_study(page.store, page.key).examination.kind == "follow-up"
    page.enter("selectbox", "Since the earlier examination", "new")
    page.press("Accept 1")
    assert page.findings()[0].assessment.history == "new"
    assert "4B (solid, new or growing, ≥ 8 mm)" in table(page)
    again = open_page(key=page.key)
    assert again.widget("selectbox", KIND).value == "follow-up"
    assert "Examination: follow-up screening CT." in report(page)


def test_age_and_sex_come_from_the_header_until_they_are_entered(open_page: OpenPage) -> None:
    page = open_page(header={"age_years": 64.0, "sex": "F"})
    assert page.widget("number_input", AGE).proto.placeholder == "64 (header)"
    page.enter("radio", "Risk of lung cancer", "low")
    assert "multiple solid ≥ 6 mm, low risk" in table(page)
    page.enter("number_input", AGE, 30.0)
    assert "patients younger than 35 years" in table(page)
    assert "Age: 30 (entered by a reader)." in report(page)


@pytest.mark.parametrize("kind", ["selectbox", "number_input"])
def test_nothing_is_entered_after_signing(open_page: OpenPage, kind: str) -> None:
    page = open_page()
    for number in (1, 2, 3):
        page.press(f"Accept {number}")
    sign(page.store, page.key, seen_version=3, actor="anna")
    page.tab.run()
    label = {"selectbox": KIND, "number_input": AGE}[kind]
    assert page.widget(kind, label).disabled


def test_a_negative_study_says_what_it_leaves_open(open_page: OpenPage) -> None:
    findings = made_findings(made_volume((24, 40, 40), (10.0, 8.8, 8.8)))
    page = open_page(findings.model_copy(update={"findings": [], "negative": True}))
    text = page.text()
    assert "does not rule out a nodule" in text
    assert "smaller than 4 mm" in text
    assert "sensitivity of this model" in text


def test_what_is_nearly_certain_is_not_shown_as_certain(open_page: OpenPage) -> None:
    findings: Any = made_findings(made_volume((24, 40, 40), (10.0, 8.8, 8.8)))
    sure = {"probability": 0.9999, "probability_ci95": (0.93, 1.0)}
    first = findings.findings[0].model_copy(update=sure)
    page = open_page(findings.model_copy(update={"findings": [first, *findings.findings[1:]]}))
    assert "&gt; 0.99 (≥ 0.93)" in page.text()
    assert "–1.00" not in page.text()
