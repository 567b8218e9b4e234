from __future__ import annotations

import numpy as np
import pytest

from medical.explain.crop import Crop
from medical.explain.gradients import smoothgrad
from medical.explain.starlung import StarLungFinding
from tests.medical.explain.conftest import BrightnessAround


def test_of_a_linear_score_it_is_the_weights(linear: BrightnessAround, crop: Crop) -> None:
    expected = np.zeros(crop.hu.shape)
    z, y, x = linear.center
    expected[z - 2 : z + 3, y - 2 : y + 3, x - 2 : x + 3] = 1.0
    assert np.allclose(smoothgrad(linear, crop, samples=2).values, expected, atol=1e-5)


def test_it_is_strong_on_the_nodule(ours: StarLungFinding, crop: Crop, ball: np.ndarray) -> None:
    values = smoothgrad(ours, crop, samples=3).values
    assert values[ball].mean() > 3 * values[~ball].mean()


def test_it_is_the_same_each_time(linear: BrightnessAround, crop: Crop) -> None:
    once, again = (smoothgrad(linear, crop, samples=2).values for _ in range(2))
    assert np.array_equal(once, again)


def test_no_samples_are_refused(linear: BrightnessAround, crop: Crop) -> None:
    with pytest.raises(ValueError, match="0"):
        smoothgrad(linear, crop, samples=0)
