"""Whether a map lies on the nodule."""

from __future__ import annotations

import numpy as np
import pytest

from medical.explain.checks.localisation import energy_inside, points_at
from medical.explain.subject import Crop, Explanation


def pointing(crop: Crop, where: tuple[int, int, int]) -> Explanation:
    values = np.zeros(crop.hu.shape, np.float32)
    values[where] = 1.0
    return Explanation(values, crop, "one voxel")


def box(crop: Crop) -> np.ndarray:
    mask = np.zeros(crop.hu.shape, bool)
    mask[10:15, 10:15, 10:15] = True
    return mask


def test_a_voxel_on_the_nodule_hits(crop: Crop) -> None:
    assert points_at(pointing(crop, (14, 10, 12)), box(crop))


def test_a_voxel_beside_it_misses(crop: Crop) -> None:
    assert not points_at(pointing(crop, (15, 10, 12)), box(crop))


def test_within_the_tolerance_it_hits(crop: Crop) -> None:
    assert points_at(pointing(crop, (17, 10, 12)), box(crop), tolerance_mm=3.0)


def test_beyond_the_tolerance_it_misses(crop: Crop) -> None:
    assert not points_at(pointing(crop, (18, 10, 12)), box(crop), tolerance_mm=3.0)


def test_an_empty_map_points_nowhere(crop: Crop) -> None:
    everywhere = np.ones(crop.hu.shape, bool)
    assert not points_at(Explanation(np.zeros_like(crop.hu), crop, "x"), everywhere)


def test_an_empty_nodule_is_refused(crop: Crop) -> None:
    with pytest.raises(ValueError, match="empty"):
        points_at(pointing(crop, (1, 1, 1)), np.zeros(crop.hu.shape, bool))


def test_a_mask_of_another_shape_is_refused(crop: Crop) -> None:
    with pytest.raises(ValueError, match=r"\(3, 3, 3\)"):
        points_at(pointing(crop, (1, 1, 1)), np.ones((3, 3, 3), bool))


def test_a_map_of_the_nodule_alone_has_all_its_energy_inside(crop: Crop, ball: np.ndarray) -> None:
    assert energy_inside(Explanation(ball.astype(np.float32), crop, "x"), ball) == 1.0


def test_an_even_map_has_the_nodules_share_of_the_crop(crop: Crop, ball: np.ndarray) -> None:
    even = Explanation(np.ones(crop.hu.shape, np.float32), crop, "x")
    assert energy_inside(even, ball) == pytest.approx(ball.mean(), rel=1e-4)


def test_an_empty_map_has_none(crop: Crop, ball: np.ndarray) -> None:
    assert energy_inside(Explanation(np.zeros_like(crop.hu), crop, "x"), ball) == 0.0
