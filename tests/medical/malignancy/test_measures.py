from __future__ import annotations

import numpy as np
import pytest

from medical.malignancy.measures import NAMES, measure


def _ball(radius: float, *, stretch: float = 1.0) -> np.ndarray:
    axis = np.arange(32) - 15.5
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    return z**2 + y**2 + (x / stretch) ** 2 <= radius**2


def _named(hu: np.ndarray, mask: np.ndarray, *, voxel_mm: float = 1.0) -> dict[str, float]:
    return dict(zip(NAMES, measure(hu, mask, voxel_mm=voxel_mm), strict=True))


def test_a_ball_has_its_size() -> None:
    mask = _ball(6)
    values = _named(np.where(mask, 40.0, -850.0), mask)
    assert np.exp(values["log_volume"]) == pytest.approx(mask.sum())
    assert np.exp(values["log_long_axis"]) == pytest.approx(12, rel=0.06)
    assert values["sphericity"] == pytest.approx(1.0, abs=0.1)
    assert values["mean_hu"] == pytest.approx(40)
    assert values["edge_hu"] == pytest.approx(890)


def test_millimetres_scale_lengths_and_not_shapes() -> None:
    mask = _ball(6, stretch=1.8)
    hu = np.where(mask, 40.0, -850.0)
    small, large = _named(hu, mask, voxel_mm=0.5), _named(hu, mask, voxel_mm=1.0)
    assert large["log_long_axis"] - small["log_long_axis"] == pytest.approx(np.log(2))
    assert large["log_volume"] - small["log_volume"] == pytest.approx(np.log(8))
    assert large["sphericity"] == pytest.approx(small["sphericity"])
    assert large["middle_to_long"] == pytest.approx(1 / 1.8, rel=0.06)


def test_a_notch_lowers_solidity() -> None:
    mask = _ball(8)
    notched = mask.copy()
    notched[:, 15:17, 16:] = False
    hu = np.zeros(mask.shape)
    key = "solidity_of_largest_slice"
    assert _named(hu, notched)[key] < _named(hu, mask)[key] - 0.05


@pytest.mark.parametrize(
    "mask", [np.zeros((32, 32, 32), bool), _ball(0.9), np.ones((32,) * 3, bool)]
)
def test_empty_tiny_and_full_outlines_have_finite_measures(mask: np.ndarray) -> None:
    values = measure(np.zeros((32, 32, 32)), mask, voxel_mm=0.75)
    assert values.shape == (len(NAMES),)
    assert np.isfinite(values).all()
