"""Fleischner 2017: every cell of Table 1, its boundaries, and whom it does not cover."""

from __future__ import annotations

import pytest

from medical.nodule.guidelines.fleischner import (
    NONE,
    NodulesDensity,
    Patient,
    Risk,
    fleischner,
    size_group,
)
from medical.nodule.guidelines.rules import Fired, NotApplicable

OPTIONAL = "optional CT at 12 months"
SINGLE_LOW = "CT at 6-12 months, then consider CT at 18-24 months"
SINGLE_HIGH = "CT at 6-12 months, then CT at 18-24 months"
LARGE = "consider CT at 3 months, PET/CT or tissue sampling"
MANY_LOW = "CT at 3-6 months, then consider CT at 18-24 months"
MANY_HIGH = "CT at 3-6 months, then CT at 18-24 months"
GLASS = "CT at 6-12 months to confirm persistence, then CT every 2 years until 5 years"
PART = (
    "CT at 3-6 months to confirm persistence; if unchanged and the solid component stays "
    "< 6 mm, annual CT for 5 years"
)
SMALL_SUBS = "CT at 3-6 months; if stable, consider CT at 2 and 4 years"
LARGE_SUBS = "CT at 3-6 months, then by the most suspicious nodule"

CELLS: list[tuple[NodulesDensity, bool, float, Risk, str]] = [
    ("solid", False, 5, "low", NONE), ("solid", False, 5, "high", OPTIONAL),
    ("solid", False, 6, "low", SINGLE_LOW), ("solid", False, 6, "high", SINGLE_HIGH),
    ("solid", False, 8, "low", SINGLE_LOW), ("solid", False, 8, "high", SINGLE_HIGH),
    ("solid", False, 9, "low", LARGE), ("solid", False, 9, "high", LARGE),
    ("solid", True, 5, "low", NONE), ("solid", True, 5, "high", OPTIONAL),
    ("solid", True, 7, "low", MANY_LOW), ("solid", True, 7, "high", MANY_HIGH),
    ("solid", True, 12, "low", MANY_LOW), ("solid", True, 12, "high", MANY_HIGH),
    ("ground-glass", False, 5, "low", NONE), ("part-solid", False, 5, "high", NONE),
    ("ground-glass", False, 6, "high", GLASS), ("ground-glass", False, 20, "low", GLASS),
    ("part-solid", False, 6, "low", PART), ("part-solid", False, 20, "high", PART),
    ("ground-glass", True, 5, "low", SMALL_SUBS), ("part-solid", True, 5, "low", SMALL_SUBS),
    ("ground-glass", True, 7, "low", LARGE_SUBS), ("part-solid", True, 15, "high", LARGE_SUBS),
]  # fmt: skip


@pytest.mark.parametrize(("density", "multiple", "diameter", "risk", "advice"), CELLS)
def test_every_cell(
    density: NodulesDensity, multiple: bool, diameter: float, risk: Risk, advice: str
) -> None:
    patient = Patient(age_years=60, risk=risk)
    result = fleischner(density, patient, multiple=multiple, diameter_mm=diameter)
    assert isinstance(result, Fired)
    assert result.category == advice
    assert result.section == f"Fleischner 2017, Table 1{'A' if density == 'solid' else 'B'}"


@pytest.mark.parametrize(
    ("diameter", "group"),
    [(5.4, "<6"), (5.49, "<6"), (5.5, "6-8"), (6, "6-8"), (8, "6-8"), (8.49, "6-8"), (8.5, ">8")],
)
def test_diameters_are_rounded_to_the_millimetre(diameter: float, group: str) -> None:
    assert size_group(diameter_mm=diameter, volume_mm3=None) == group


@pytest.mark.parametrize(
    ("volume", "group"), [(99.9, "<6"), (100, "6-8"), (250, "6-8"), (250.1, ">8")]
)
def test_volumes(volume: float, group: str) -> None:
    assert size_group(diameter_mm=None, volume_mm3=volume) == group


@pytest.mark.parametrize(
    ("patient", "who"),
    [
        (Patient(age_years=34.9, risk="low"), "younger than 35"),
        (Patient(age_years=60, screening=True), "screening"),
        (Patient(age_years=60, known_cancer=True), "known cancer"),
        (Patient(age_years=60, immunosuppressed=True), "immunosuppressed"),
    ],
)
def test_whom_it_does_not_cover(patient: Patient, who: str) -> None:
    result = fleischner("solid", patient, multiple=False, diameter_mm=7)
    assert isinstance(result, NotApplicable)
    assert who in result.reason
    assert result.missing == ()


def test_covers_from_35_years() -> None:
    patient = Patient(age_years=35, risk="low")
    assert isinstance(fleischner("solid", patient, multiple=False, diameter_mm=7), Fired)


def test_does_not_cover_calcified_nodules() -> None:
    result = fleischner("calcified", Patient(age_years=60), multiple=False, diameter_mm=7)
    assert isinstance(result, NotApplicable)


@pytest.mark.parametrize(
    ("patient", "diameter", "missing"),
    [
        (Patient(risk="low"), 7, "age"),
        (Patient(age_years=60), 7, "risk of lung cancer (low or high)"),
        (Patient(age_years=60, risk="low"), None, "diameter"),
    ],
)
def test_names_what_is_missing(patient: Patient, diameter: float | None, missing: str) -> None:
    result = fleischner("solid", patient, multiple=False, diameter_mm=diameter)
    assert isinstance(result, NotApplicable)
    assert result.missing == (missing,)


def test_asks_for_no_risk_where_the_table_does_not() -> None:
    result = fleischner("solid", Patient(age_years=60), multiple=False, diameter_mm=9)
    assert isinstance(result, Fired)
