"""What differs between the latest studies and the calibration set."""

from __future__ import annotations

import pytest

from medical.evaluation.site_monitoring import UNKNOWN, compare_facts, compare_scores
from models.zoo.card import CalibrationScan


def scan(*candidates: float, **acquisition: str) -> CalibrationScan:
    return CalibrationScan(acquisition=acquisition, candidates=candidates)


KNOWN = scan(0.1, 0.9, manufacturer="A", model="1", kernel="B30f", slice_thickness_mm="1.00")


def test_values_that_the_calibration_set_has_not_are_counted() -> None:
    latest = [KNOWN, scan(manufacturer="B", model="2", kernel="B30f")]
    scanner, kernel, _ = compare_facts(latest, [KNOWN])
    assert (scanner.strange, scanner.known) == (1, 2)
    assert (kernel.strange, kernel.known) == (0, 2)


def test_what_is_not_given_is_not_strange() -> None:
    scanner, _, thickness = compare_facts([scan()], [KNOWN])
    assert (scanner.strange, scanner.known) == (0, 0)
    assert scanner.strange_ci95 == (0.0, 1.0)
    assert thickness.rows[0].value == UNKNOWN


def test_thicknesses_are_compared_as_numbers() -> None:
    thickness = compare_facts([scan(slice_thickness_mm="1")], [KNOWN])[2]
    assert [(row.value, row.latest, row.calibration) for row in thickness.rows] == [("1 mm", 1, 1)]


def test_equal_scores_are_not_told_apart() -> None:
    scores = compare_scores([KNOWN, KNOWN], [KNOWN, KNOWN])
    assert scores.distance == 0
    assert scores.p_value == pytest.approx(1)


def test_other_scores_are() -> None:
    low, high = (scan(*(base + i / 100 for i in range(20))) for base in (0.1, 0.7))
    scores = compare_scores([low], [high])
    assert scores.distance == 1
    assert scores.p_value is not None and scores.p_value < 1e-6


def test_no_mark_no_test() -> None:
    assert compare_scores([scan()], [KNOWN]).p_value is None
