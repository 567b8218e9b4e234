"""What the report says about guidelines, guesses and what a negative reading leaves open."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from itertools import product
from typing import Any, get_args

import pytest

from medical.detection.findings import AddedFinding
from medical.i18n.catalogue import Translator
from medical.nodule.guidelines.assessment import Assessment, Demographics, Examination
from medical.nodule.guidelines.fleischner import ROWS, NodulesDensity, Patient, fleischner
from medical.nodule.guidelines.lung_rads import ScreenedNodule, examination, lung_rads
from medical.nodule.guidelines.lung_rads_table import Status
from medical.nodule.guidelines.rules import NotApplicable
from medical.report.content import DetectionLimits, ReportContent
from medical.report.earlier.change import ChangeSince, EarlierCt, change_since, followed
from medical.report.guidelines import MISSING, REASONS, reason_text, result_text
from medical.report.record import report_json
from medical.report.tables import report_csv
from medical.report.text import report_text
from medical.review.interval_text import (
    interval_text,
    probability_interval_text,
    probability_text,
)
from medical.review.reading import ReadFinding
from medical.store.tables import Study
from tests.app.web.test_growth_panel import STAY
from tests.medical.report.conftest import decision
from tests.medical.store.made import made_added, made_series

EN, ZH = Translator("en"), Translator("zh")


def nodule(number: int, diameter_mm: float | None, **entered: Any) -> ReadFinding:
    """An accepted finding with a reader's diameter and assessment."""
    measured = made_series(0.9).findings[0].model_copy(update={"id": number})
    stored = decision(diameter_mm=diameter_mm, assessment=Assessment(**entered).to_json())
    return ReadFinding(number, "1.2.3", number, 1, measured, (stored,))


def report_of(
    *findings: ReadFinding, entered: Examination | None = None, **more: Any
) -> ReportContent:
    study = Study(
        key="3fa92c0000000000",
        status="signed",
        signed_by="anna",
        signed_at=0.0,
        examination=entered.to_json() if entered else "",
    )
    return ReportContent(study, made_series(0.9), findings, **more)


def test_no_category_is_told_while_a_nodule_cannot_be_classified() -> None:
    content = report_of(
        nodule(1, 18.0, density="part-solid"),
        nodule(2, 22.0, density="ground-glass"),
        nodule(3, 5.9, density="solid"),
    )
    impression = report_text(content, EN).split("IMPRESSION")[1]
    assert "no category" in impression
    assert "finding 1: diameter of the solid component" in impression
    assert "Lung-RADS 2" not in impression
    entered = report_of(
        nodule(1, 18.0, density="part-solid", solid_diameter_mm=6.0), *content.findings[1:]
    )
    text = report_text(entered, EN)
    assert "): 4A (part-solid ≥ 6 mm in total" in text.split("IMPRESSION")[1]
    assert "Solid component 6.0 mm (measured by the reader)." in text


def test_page_table_and_impression_have_one_engine() -> None:
    rejected = nodule(2, None)
    rejected.decisions[0].verdict = "rejected"
    rejected.decisions[0].reason = "vessel"
    added = ReadFinding(3, "1.2.3", 3, 1, made_added(), (decision(diameter_mm=16.0),))
    content = report_of(nodule(1, 5.0), rejected, added)
    assert [row.finding_id for row in content.guidelines.rows] == [1, 3]
    assert "): 4B (solid ≥ 15 mm at baseline), by finding 3." in report_text(content, EN)
    rows = list(csv.DictReader(io.StringIO(report_csv(content))))
    assert [row["lung_rads"][:2] for row in rows] == ["2 ", "", "4B"]
    assert json.loads(report_json(content))["examination"]["nodules"][1]["finding"] == 3


def test_what_was_entered_and_what_the_header_says_stand_in_the_report() -> None:
    entered = Examination(kind="incidental", risk="high", known_cancer=False)
    header = Demographics(age_years=64, sex="F")
    text = report_text(report_of(nodule(1, 9.0), entered=entered, header=header), EN)
    assert "Examination: CT for another reason (incidental finding)." in text
    assert "Age: 64 (from the image header). Sex: female (from the image header)." in text
    assert "Risk of lung cancer: high." in text
    assert "Fleischner consider CT at 3 months, PET/CT or tissue sampling" in text
    own = Examination(age_years=30)
    text = report_text(report_of(nodule(1, 9.0), entered=own, header=header), EN)
    assert "Age: 30 (entered by a reader)." in text
    assert "patients younger than 35 years" in text


def compared(now: ReadFinding, before_mm: float, days: int | None) -> ChangeSince:
    then = replace(now, number=7, decisions=())
    earlier = then.measured.model_copy(
        update={"diameter_mm": before_mm, "diameter_ci95": (before_mm - 0.1, before_mm + 0.1)}
    )
    (old,) = followed([replace(then, measured=earlier)])
    ct = EarlierCt("CT-1", "1.2", "2024-01-01", same_patient=True, days=days)
    return change_since(ct, now=followed([now]), then=[old], registration=STAY)


def test_a_follow_up_uses_the_comparison_with_the_acrs_growth() -> None:
    entered, grown = Examination(kind="follow-up"), nodule(1, 8.0)
    change = compared(grown, 5.0, 180)
    text = report_text(report_of(grown, entered=entered, change=change), EN)
    assert "): 4B (solid, new or growing, ≥ 8 mm)" in text
    text = report_text(report_of(grown, entered=entered, change=compared(grown, 5.0, None)), EN)
    assert "finding 1: days between the two CTs" in text
    stable = nodule(1, 8.0, prior_category="3")
    text = report_text(report_of(stable, entered=entered, change=compared(stable, 7.5, 180)), EN)
    assert "): 2 (category 3 lesion, stable or decreased at 6-month follow-up)" in text
    own_word = nodule(1, 8.0, history="growing")
    text = report_text(
        report_of(own_word, entered=entered, change=compared(own_word, 7.5, 180)), EN
    )
    assert "): 4B (solid, new or growing, ≥ 8 mm)" in text
    new = change_since(change.earlier, now=followed([grown]), then=[], registration=STAY)
    text = report_text(report_of(grown, entered=entered, change=new), EN)
    assert "): 4B (solid, new or growing, ≥ 8 mm)" in text


def test_a_straddled_limit_is_told() -> None:
    near = (
        made_series(0.9)
        .findings[0]
        .model_copy(update={"diameter_mm": 5.8, "diameter_ci95": (5.0, 6.7)})
    )
    finding = ReadFinding(1, "1.2.3", 1, 1, near, (decision(),))
    text = report_text(report_of(finding), EN)
    assert "2 (solid < 6 mm at baseline), but 3 cannot be excluded" in text
    assert "但不能排除 3" in report_text(report_of(finding), ZH)


def test_the_models_density_carries_its_warning_until_a_reader_enters_it() -> None:
    assert "not validated on real nodules" in report_text(report_of(nodule(1, 9.0)), EN)
    assert "not validated" not in report_text(report_of(nodule(1, 9.0, density="solid")), EN)


def test_a_nodule_that_nobody_measured_is_not_reported() -> None:
    guess = AddedFinding.measured(made_series(0.9).findings[0], outlined=False)
    unmeasured = ReadFinding(1, "1.2.3", 1, 1, guess, (decision(),))
    content = report_of(unmeasured)
    text = report_text(content, EN)
    assert "268" not in text
    assert "8.0 mm" not in text
    assert "1 finding is undecided" in text
    (row,) = csv.DictReader(io.StringIO(report_csv(content)))
    assert (row["diameter_mm"], row["volume_mm3"], row["volume_low"]) == ("", "", "")
    measured = ReadFinding(1, "1.2.3", 1, 1, guess, (decision(diameter_mm=6.0),))
    text = report_text(report_of(measured), EN)
    assert "diameter 6.0 mm (measured by the reader)." in text
    assert "mm³" not in text


def test_a_nodule_that_an_older_version_let_be_signed_without_measure_is_still_named() -> None:
    guess = AddedFinding.measured(made_series(0.9).findings[0], outlined=False)
    content = report_of(ReadFinding(1, "1.2.3", 1, 1, guess, (decision(comment="spiculated"),)))
    text = report_text(content, EN)
    assert "1. left upper zone, slice 41, LPS -50.0, 10.0, -100.0 mm: nodule not measured" in text
    assert "Accepted by anna" in text
    assert "spiculated" in text
    assert "Accepted as nodules, but not measured: 1." in text
    for untrue in ("No nodule was accepted.", "No nodule confirmed."):
        assert untrue not in text
    assert "已确认为结节但未测量：1。" in report_text(content, ZH)


def test_guesses_that_an_older_version_kept_are_dropped() -> None:
    stored = {**made_added().model_dump(), "outlined": False}
    assert AddedFinding.model_validate(stored).diameter_mm is None
    assert AddedFinding.model_validate(stored).density is None


def test_the_models_volume_is_marked_beside_a_readers_diameter() -> None:
    text = report_text(report_of(nodule(1, 11.0)), EN)
    assert "volume from the model's outline, not from this diameter: 268 mm³" in text
    (row,) = csv.DictReader(io.StringIO(report_csv(report_of(nodule(1, 11.0)))))
    assert (row["diameter_by"], row["volume_by"]) == ("reader", "model")


def test_a_negative_report_says_what_it_leaves_open() -> None:
    limits = DetectionLimits(4.0, 0.95, (0.92, 0.97), 240, 3, "starlung-base 0.5.0")
    text = report_text(report_of(limits=limits), EN).split("IMPRESSION")[1]
    assert "This does not rule out a nodule." in text
    assert "smaller than 4 mm" in text
    assert "95% (92%–97%) of 240 nodules" in text
    assert "starlung-base 0.5.0" in text
    assert "not known here" in report_text(report_of(), EN)
    assert "植入" in report_text(report_of(limits=limits), ZH)


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.9999, "> 0.99"),
        (0.996, "> 0.99"),
        (1.0, "> 0.99"),
        (0.994, "0.99"),
        (0.004, "< 0.01"),
        (0.0, "< 0.01"),
        (0.006, "0.01"),
        (0.5, "0.50"),
    ],
)
def test_no_probability_is_shown_as_certain(probability: float, text: str) -> None:
    assert probability_text(probability) == text


def test_an_interval_keeps_its_signs_apart() -> None:
    assert probability_interval_text(0.86, 0.97) == "0.86–0.97"
    assert probability_interval_text(0.862, 0.858) == "0.86"
    assert probability_interval_text(0.86, 0.9999) == "≥ 0.86"
    assert probability_interval_text(0.001, 0.14) == "≤ 0.14"
    assert probability_interval_text(0.001, 0.9999) == "0–1"
    assert probability_interval_text(0.998, 1.0) == "> 0.99"
    assert probability_interval_text(0.0, 0.001) == "< 0.01"
    assert interval_text(6.14, 7.0, ".1f") == "6.1–7.0"
    assert interval_text(6.14, 6.06, ".1f") == "6.1"
    assert interval_text(0.996, 1.0, ".0%") == "100%"
    finding = (
        made_series(0.9)
        .findings[0]
        .model_copy(update={"probability": 0.9999, "probability_ci95": (0.998, 1.0)})
    )
    text = report_text(report_of(ReadFinding(1, "1.2.3", 1, 1, finding, (decision(),))), EN)
    assert "Probability of a nodule > 0.99 (> 0.99)." in text


def every_lung_rads() -> list[Any]:
    sizes = (None, 3.0, 5.0, 7.0, 9.0, 20.0, 40.0)
    priors = (None, "1", "2", "3", "4A", "4B")
    densities: tuple[Any, ...] = ("solid", "part-solid", "ground-glass", None)
    results = [
        lung_rads(
            ScreenedNodule(
                density=density,
                status=status,
                diameter_mm=size,
                solid_diameter_mm=core,
                prior_category=prior,
                juxtapleural=near_pleura,
            )
        )
        for density, status, size, core, prior, near_pleura in product(
            densities, get_args(Status), sizes, (None, 3.0, 7.0, 9.0), priors, (False, True)
        )
    ]
    return [*results, lung_rads(ScreenedNodule(benign=True)), examination([])]


def every_fleischner() -> list[Any]:
    patients = [
        Patient(
            age_years=age, risk=risk, screening=screened, known_cancer=ill, immunosuppressed=low
        )
        for age, risk, screened, ill, low in product(
            (None, 20.0, 60.0), (None, "low", "high"), (False, True), (False, True), (False, True)
        )
    ]
    return [
        fleischner(density, patient, multiple=multiple, diameter_mm=size)
        for density, patient, multiple, size in product(
            get_args(NodulesDensity), patients, (False, True), (None, 4.0, 7.0, 12.0)
        )
    ]


def test_every_rule_advice_and_reason_has_its_chinese() -> None:
    results = [*every_lung_rads(), *every_fleischner()]
    assert {row.advice for row in ROWS} <= {getattr(outcome, "category", "") for outcome in results}
    for result in results:
        text = result_text(result, ZH)
        words = [w for w in text.replace("PET/CT", "").replace("CT", "").split() if w.isascii()]
        letters = [word for word in words if word.isalpha() and word not in ("mm", "Lung-RADS")]
        assert not letters, text


def test_every_reason_of_the_engine_is_in_the_catalogue() -> None:
    for name in (*MISSING, *REASONS):
        missing = (name,) if name in MISSING else ()
        reason = reason_text(NotApplicable(name, missing), ZH)
        assert not any("a" <= letter <= "z" for letter in reason.replace("Lung-RADS", ""))


def test_a_reason_of_the_list_is_told_in_the_reports_language() -> None:
    for reason in ("vessel", "血管"):
        rejected = decision(verdict="rejected", reason=reason)
        finding = ReadFinding(1, "1.2.3", 1, 1, made_series(0.9).findings[0], (rejected,))
        assert "vessel (anna" in report_text(report_of(finding), EN)
        assert "血管（anna" in report_text(report_of(finding), ZH)
