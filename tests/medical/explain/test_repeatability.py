from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medical.explain.baselines import gaussian
from medical.explain.checks.repeatability import NOISE_HU, SHIFT, laid_back, seen_again
from medical.explain.checks.similarity import ssim
from medical.explain.crop import Crop
from medical.explain.result import Explanation


def test_the_finding_stays_where_it_is_in_the_patient(crop: Crop) -> None:
    again = seen_again(crop)
    there = again.geometry.voxel_to_lps(again.center_voxel)
    assert there == pytest.approx(crop.geometry.voxel_to_lps(crop.center_voxel))


def test_the_same_hu_come_with_noise(crop: Crop) -> None:
    again = laid_back(Explanation(np.zeros_like(crop.hu), seen_again(crop), "x"), crop)
    assert again.crop is crop
    inner = slice(4, -4)
    hu = seen_again(crop).hu
    z, y, x = SHIFT
    back = np.roll(hu, (z, y, x), (0, 1, 2))[inner, inner, inner]
    assert (back - crop.hu[inner, inner, inner]).std() == pytest.approx(NOISE_HU, rel=0.05)


def test_a_map_that_stays_with_the_finding_is_repeatable(crop: Crop) -> None:
    again = laid_back(gaussian(seen_again(crop)), crop)
    assert ssim(gaussian(crop), again) == pytest.approx(1.0, abs=1e-3)


def test_a_map_that_stays_with_the_grid_is_not(crop: Crop) -> None:
    noise = np.random.default_rng(3).random(crop.hu.shape).astype(np.float32)
    once = Explanation(noise, crop, "x")
    again = laid_back(Explanation(noise, seen_again(crop), "x"), crop)
    assert ssim(once, again) < 0.2


def test_grids_half_a_voxel_apart_are_refused(crop: Crop) -> None:
    affine = crop.geometry.affine_lps_mm.copy()
    affine[0, 3] += 0.5
    other = replace(crop, geometry=type(crop.geometry)(crop.hu.shape, affine))
    with pytest.raises(ValueError, match="whole voxels"):
        laid_back(gaussian(other), crop)


def test_an_empty_map_is_like_no_other(crop: Crop) -> None:
    empty = Explanation(np.zeros_like(crop.hu), crop, "x")
    assert ssim(empty, gaussian(crop)) == 0.0
