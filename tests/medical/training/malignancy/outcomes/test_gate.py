from __future__ import annotations

import numpy as np
import pytest

from medical.training.malignancy.outcomes.gate import area_under_curve, decide_on_outcomes


def _site(patients: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    malignant = np.arange(patients) % 2 == 0
    good = np.where(malignant, 0.8, 0.2) + np.random.default_rng(0).normal(0, 0.2, patients)
    return good, malignant, [f"p{number}" for number in range(patients)]


def test_a_better_one_passes_and_a_worse_one_does_not() -> None:
    good, malignant, patients = _site(60)
    bad = np.random.default_rng(1).random(60)
    better, worse = (
        decide_on_outcomes(good, bad, malignant, patients),
        decide_on_outcomes(bad, good, malignant, patients),
    )
    assert better.replaces
    assert not worse.replaces
    assert worse.difference_ci95 is not None
    assert worse.difference_ci95[1] < 0
    assert decide_on_outcomes(good, good, malignant, patients).replaces


def test_too_few_are_a_no_that_says_how_many_there_were() -> None:
    good, malignant, patients = _site(18)
    verdict = decide_on_outcomes(good, good[::-1], malignant, patients)
    assert not verdict.replaces
    assert verdict.difference_ci95 is None
    assert "18 patients held out, 9 with a malignant and 9 with a benign" in verdict.why
    assert not decide_on_outcomes(good[:0], good[:0], malignant[:0], []).replaces


def test_patients_count_not_findings() -> None:
    good, malignant, _ = _site(60)
    assert not decide_on_outcomes(good, good, malignant, ["one"] * 30 + ["two"] * 30).replaces


def test_ties_count_half() -> None:
    malignant = np.array([True, True, False, False])
    assert area_under_curve(np.array([1.0, 0.5, 0.5, 0.0]), malignant) == pytest.approx(0.875)
    assert np.isnan(area_under_curve(np.ones(4), np.ones(4, bool)))
