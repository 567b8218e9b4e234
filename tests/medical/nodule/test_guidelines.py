from dataclasses import dataclass

from medical.nodule.fleischner import NodulesDensity, Patient
from medical.nodule.guidelines import guidance
from medical.nodule.rules import Fired, NotApplicable


@dataclass(frozen=True)
class Nodule:
    id: int
    density: NodulesDensity
    diameter_mm: float


def test_each_finding_gets_its_line_of_both_tables() -> None:
    nodules = [Nodule(1, "solid", 14.0), Nodule(2, "solid", 6.5), Nodule(3, "ground-glass", 31.0)]
    said = guidance(nodules, Patient(age_years=60, risk="high"))
    assert [row.finding_id for row in said] == [1, 2, 3]
    categories = [row.lung_rads.category for row in said if isinstance(row.lung_rads, Fired)]
    assert categories == ["4A", "3", "3"]
    follow_up = said[1].fleischner
    assert isinstance(follow_up, Fired)
    assert follow_up.category == "CT at 3-6 months, then CT at 18-24 months"
    assert "multiple solid" in follow_up.rule


def test_a_single_nodule_is_read_in_the_rows_for_single_ones() -> None:
    (said,) = guidance([Nodule(1, "solid", 9.0)], Patient(age_years=60))
    assert isinstance(said.fleischner, Fired)
    assert said.fleischner.rule.startswith("single solid")


def test_what_is_missing_is_named() -> None:
    part_solid, calcified = guidance(
        [Nodule(1, "part-solid", 9.0), Nodule(2, "calcified", 9.0)], Patient()
    )
    assert isinstance(part_solid.lung_rads, NotApplicable)
    assert part_solid.lung_rads.missing == ("diameter of the solid component",)
    assert isinstance(part_solid.fleischner, NotApplicable)
    assert part_solid.fleischner.missing == ("age",)
    assert isinstance(calcified.lung_rads, NotApplicable)
    assert calcified.lung_rads.missing == ("pattern of calcification",)
