from __future__ import annotations

import numpy as np
import pytest

from medical.malignancy.interval import conformal_quantile, covered, interval


def test_intervals_hold_what_they_say_on_new_patients() -> None:
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        target, error = rng.uniform(0, 1, 400), rng.uniform(0.05, 0.2, 400)
        risk = target + rng.normal(0, error)
        patients = [f"p{number // 2}" for number in range(200)]
        quantile = conformal_quantile(risk[:200], error[:200], target[:200], patients)
        shares.append(covered(risk[200:], error[200:], target[200:], quantile).mean())
    assert np.mean(shares) == pytest.approx(0.95, abs=0.01)


def test_a_patient_with_many_nodules_weighs_as_one() -> None:
    patients = [f"p{number}" for number in range(99)] + ["many"] * 300
    risk, target = np.zeros(399), np.zeros(399)
    target[99:] = 1.0
    assert conformal_quantile(risk, np.ones(399), target, patients) == 0.0


def test_too_few_patients_are_refused() -> None:
    with pytest.raises(ValueError, match="got 3"):
        conformal_quantile(np.zeros(3), np.ones(3), np.zeros(3), ["a", "b", "c"])


def test_ends_stay_within_range() -> None:
    assert interval(0.9, 0.1, 3.0) == (pytest.approx(0.6), 1.0)
