"""Maps by gradients: SmoothGrad and Grad-CAM++."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from medical.explain.gradients import gradcam, smoothgrad
from medical.explain.shipped_detector import StarLungFinding
from medical.explain.subject import Crop
from tests.medical.explain.conftest import BrightnessAround


def test_of_a_linear_score_it_is_the_weights(linear: BrightnessAround, crop: Crop) -> None:
    expected = np.zeros(crop.hu.shape)
    z, y, x = linear.center
    expected[z - 2 : z + 3, y - 2 : y + 3, x - 2 : x + 3] = 1.0
    assert np.allclose(smoothgrad(linear, crop, samples=2).values, expected, atol=1e-5)


def test_smoothgrad_is_strong_on_the_nodule(
    shipped: StarLungFinding, crop: Crop, ball: np.ndarray
) -> None:
    values = smoothgrad(shipped, crop, samples=3).values
    assert values[ball].mean() > 3 * values[~ball].mean()


def test_it_is_the_same_each_time(linear: BrightnessAround, crop: Crop) -> None:
    once, again = (smoothgrad(linear, crop, samples=2).values for _ in range(2))
    assert np.array_equal(once, again)


def test_no_samples_are_refused(linear: BrightnessAround, crop: Crop) -> None:
    with pytest.raises(ValueError, match="0"):
        smoothgrad(linear, crop, samples=0)


def test_gradcam_is_strong_on_the_nodule(
    shipped: StarLungFinding, crop: Crop, ball: np.ndarray
) -> None:
    values = gradcam(shipped, crop).values
    assert values[ball].mean() > 3 * values[~ball].mean()


def test_it_depends_on_the_target(shipped: StarLungFinding, crop: Crop) -> None:
    of_class = gradcam(shipped, crop, target="class").values
    assert not np.allclose(of_class, gradcam(shipped, crop, target="box").values, atol=0.01)


def test_the_detector_is_left_without_hooks(shipped: StarLungFinding, crop: Crop) -> None:
    gradcam(shipped, crop)
    assert not any(m._backward_hooks or m._forward_hooks for m in shipped.modules())


def test_weights_are_left_frozen(shipped: StarLungFinding, crop: Crop) -> None:
    gradcam(shipped, crop)
    assert not any(p.requires_grad or p.grad is not None for p in shipped.parameters())


def test_nothing_of_a_call_is_held_in_a_circle(shipped: StarLungFinding, crop: Crop) -> None:
    gc.collect()
    gc.disable()  # or it would clear up what a server under load does not in time
    try:
        before = _alive()
        gradcam(shipped, crop)
        assert _alive() == before
    finally:
        gc.enable()


def _alive() -> int:
    return sum(isinstance(thing, StarLungFinding) for thing in gc.get_objects())


def test_it_explains_another_detector(
    linear: BrightnessAround, crop: Crop, ball: np.ndarray
) -> None:
    # the only channel that the class uses is the mean around each voxel
    assert ball[gradcam(linear, crop).peak_voxel]
