"""One engine for page and report: a category for a nodule, and for the examination."""

from __future__ import annotations

from typing import Any

import pytest

from medical.nodule.guidelines.assessment import Assessment, Examination
from medical.nodule.guidelines.engine import AssessedNodule, Guidelines, apply_guidelines
from medical.nodule.guidelines.lung_rads import history_by_growth
from medical.nodule.guidelines.rules import Fired, NotApplicable


def nodule(number: int, density: Any, diameter_mm: float | None, **more: Any) -> AssessedNodule:
    return AssessedNodule(
        id=number, density=density, density_by="model", diameter_mm=diameter_mm, **more
    )


def ruled(*nodules: AssessedNodule, age: float | None = 60, **entered: Any) -> Guidelines:
    return apply_guidelines(nodules, Examination(**entered), age_years=age)


def category(*nodules: AssessedNodule, **entered: Any) -> str | None:
    result = ruled(*nodules, **entered).examination.result
    return result.category if isinstance(result, Fired) else None


def test_each_finding_gets_its_line_of_both_tables() -> None:
    nodules = (
        nodule(1, "solid", 14.0),
        nodule(2, "solid", 6.5),
        nodule(3, "ground-glass", 31.0),
    )
    rows = ruled(*nodules, risk="high").rows
    assert [row.finding_id for row in rows] == [1, 2, 3]
    results = [row.lung_rads.result for row in rows]
    assert [result.category for result in results if isinstance(result, Fired)] == ["4A", "3", "3"]
    follow_up = rows[1].fleischner.result
    assert isinstance(follow_up, Fired)
    assert follow_up.category == "CT at 3-6 months, then CT at 18-24 months"
    assert "multiple solid" in follow_up.rule


def test_a_nodule_that_cannot_be_classified_leaves_the_examination_without_a_category() -> None:
    ruling = ruled(
        nodule(1, "part-solid", 18.0), nodule(2, "ground-glass", 22.0), nodule(3, "solid", 5.9)
    ).examination
    assert isinstance(ruling.result, NotApplicable)
    ((number, why),) = ruling.unclassified
    assert (number, why.missing) == (1, ("diameter of the solid component",))


@pytest.mark.parametrize(
    ("left_out", "missing"),
    [
        (nodule(1, "calcified", 9.0), "pattern of calcification"),
        (nodule(1, None, 9.0), "density"),
        (nodule(1, "solid", None), "diameter"),
    ],
)
def test_no_other_nodule_without_a_category_is_passed_over(
    left_out: AssessedNodule, missing: str
) -> None:
    ruling = ruled(left_out, nodule(2, "solid", 5.0)).examination
    assert isinstance(ruling.result, NotApplicable)
    assert ruling.result.missing == (missing,)


def test_the_category_comes_once_what_was_missing_is_entered() -> None:
    others = (nodule(2, "ground-glass", 22.0), nodule(3, "solid", 5.9))
    assert category(nodule(1, "part-solid", 18.0, solid_diameter_mm=6.5), *others) == "4A"
    assert category(nodule(1, "part-solid", 18.0, solid_diameter_mm=9.0), *others) == "4B"
    assert category(nodule(1, "calcified", 18.0, calcification_benign=True), *others) == "2"
    assert category(nodule(1, "calcified", 18.0, calcification_benign=False), *others) == "4B"


def test_an_undecided_finding_leaves_no_category() -> None:
    assert category(nodule(1, "solid", 5.0), nodule(2, "solid", 9.0, decided=False)) is None


def test_a_follow_up_asks_whether_each_nodule_is_new_growing_or_stable() -> None:
    ruling = ruled(nodule(1, "solid", 7.0), kind="follow-up").examination
    assert isinstance(ruling.result, NotApplicable)
    assert ruling.result.missing == ("new, growing or stable",)
    follow = {"kind": "follow-up"}
    assert category(nodule(1, "solid", 7.0), kind="baseline") == "3"
    assert category(nodule(1, "solid", 7.0, history="new"), **follow) == "4A"
    assert category(nodule(1, "solid", 7.0, history="growing"), **follow) == "4A"
    assert category(nodule(1, "solid", 9.0, history="growing"), **follow) == "4B"
    assert category(nodule(1, "solid", 7.0, history="stable"), **follow) is None
    stable = nodule(1, "solid", 7.0, history="stable", prior_category="3")
    assert category(stable, **follow) == "2"


def test_a_limit_within_the_interval_is_told() -> None:
    near = nodule(1, "solid", 5.9, diameter_ci95=(5.2, 6.6))
    row = ruled(near, risk="low").rows[0]
    assert isinstance(row.lung_rads.result, Fired)
    assert (row.lung_rads.result.category, row.lung_rads.others) == ("2", ("3",))
    assert row.fleischner.others == ("no routine follow-up",)
    wide = nodule(1, "solid", 7.0, diameter_ci95=(5.0, 16.0))
    assert ruled(wide).rows[0].lung_rads.others == ("2", "4A", "4B")
    assert ruled(nodule(1, "solid", 4.9, diameter_ci95=(4.5, 5.3))).rows[0].lung_rads.others == ()


def test_what_the_examination_may_also_be_follows_from_its_nodules() -> None:
    near = nodule(1, "solid", 5.9, diameter_ci95=(5.2, 6.6))
    assert ruled(near).examination.others == ("3",)
    sure = nodule(2, "solid", 9.0, diameter_ci95=(8.5, 9.5))
    assert ruled(near, sure).examination.others == ()


def test_a_readers_own_diameter_has_no_interval_to_straddle() -> None:
    assert ruled(nodule(1, "solid", 5.9)).rows[0].lung_rads.others == ()


def test_growth_that_the_interval_does_not_decide_is_told() -> None:
    single = nodule(
        1, "solid", 7.0, history="stable", other_histories=("growing",), prior_category="2"
    )
    assert ruled(single, kind="follow-up").examination.others == ("4A",)


def test_a_screening_ct_has_no_fleischner_and_another_ct_no_lung_rads() -> None:
    single = nodule(1, "solid", 9.0)
    (screened,) = ruled(single, kind="baseline").rows
    assert isinstance(screened.fleischner.result, NotApplicable)
    (by_chance,) = ruled(single, kind="incidental").rows
    assert isinstance(by_chance.lung_rads.result, NotApplicable)
    assert isinstance(by_chance.fleischner.result, Fired)
    assert category(single, kind="incidental") is None


def test_no_nodules_is_a_category_only_of_a_screening_ct() -> None:
    assert category(kind="baseline") == "1"
    assert category() is None


@pytest.mark.parametrize(
    ("difference", "days", "history", "missing"),
    [
        (1.5, 180, "stable", ""),
        (1.6, 180, "growing", ""),
        (1.54, 180, "stable", ""),  # counts to one decimal
        (-3.0, 180, "stable", ""),
        (1.6, 366, "growing", ""),
        (1.6, 730, None, "growth within 12 months"),
        (3.2, 730, "growing", ""),
        (1.6, None, None, "days between the two CTs"),
        (0.4, None, "stable", ""),
    ],
)
def test_growth_is_the_acrs(
    difference: float, days: float | None, history: str | None, missing: str
) -> None:
    ruling = history_by_growth(difference, difference_ci95=None, interval_days=days)
    assert (ruling.history, ruling.missing) == (history, missing)


def test_an_interval_across_the_acrs_limit_is_told() -> None:
    history = history_by_growth(1.0, difference_ci95=(-0.2, 2.2), interval_days=180)
    assert (history.history, history.others) == ("stable", ("growing",))
    history = history_by_growth(2.0, difference_ci95=(1.6, 2.4), interval_days=180)
    assert (history.history, history.others) == ("growing", ())


def test_nothing_entered_is_kept_as_nothing() -> None:
    assert Assessment().to_json() == ""
    assert Assessment.from_json("") == Assessment()
    entered = Assessment(density="part-solid", solid_diameter_mm=6.5, history="new")
    assert Assessment.from_json(entered.to_json()) == entered
    with pytest.raises(ValueError, match="solid_diameter_mm"):
        Assessment(solid_diameter_mm=0.2)
