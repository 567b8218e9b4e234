"""Maps by hiding parts of the crop: the lung tissue that hides, occlusion, D-RISE."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from medical.explain.perturbation import agreement, drise, lung_tissue, occlusion
from medical.explain.subject import Crop
from models.detector.peaks import Candidates
from tests.medical.explain.conftest import CENTER, DIAMETER_MM, BrightnessAround


def test_it_is_as_dense_as_the_crops_own_lung(crop: Crop) -> None:
    assert np.median(lung_tissue(crop)) == pytest.approx(-850, abs=5)


def test_it_is_as_noisy_as_the_crops_own_lung(crop: Crop) -> None:
    assert lung_tissue(crop).std() == pytest.approx(25, rel=0.2)


def test_it_holds_no_nodule(crop: Crop) -> None:
    assert lung_tissue(crop).max() < -600


def test_it_is_the_same_each_time(crop: Crop) -> None:
    assert np.array_equal(lung_tissue(crop), lung_tissue(crop))


def test_a_crop_without_lung_gets_usual_lung(crop: Crop) -> None:
    wall = replace(crop, hu=np.full(crop.hu.shape, 40.0, np.float32))
    assert np.median(lung_tissue(wall)) == pytest.approx(-850, abs=5)


def test_covering_what_the_score_uses_shows(
    linear: BrightnessAround, crop: Crop, ball: np.ndarray
) -> None:
    assert ball[occlusion(linear, crop).peak_voxel]


def test_covering_what_the_score_does_not_use_changes_nothing(
    linear: BrightnessAround, crop: Crop
) -> None:
    values = occlusion(linear, crop).values
    corner = crop.near()
    assert values[corner[0].start, corner[1].start, corner[2].start] == 0.0


def test_beyond_the_neighbourhood_it_is_empty(linear: BrightnessAround, crop: Crop) -> None:
    values = occlusion(linear, crop).values.copy()
    values[crop.near()] = 0
    assert not values.any()


def test_lung_under_lung_explains_nothing(linear: BrightnessAround, crop: Crop) -> None:
    lung = replace(crop, hu=np.full(crop.hu.shape, np.median(lung_tissue(crop)), np.float32))
    flat = occlusion(linear, lung)
    # the cover has grain, so scores change a little; nothing stands out at the middle
    assert flat.values[tuple(linear.center)] < 1.0 or not flat.values.any()


def candidate_at(center: tuple[float, float, float], mm: float, logit: float) -> Candidates:
    return Candidates(torch.tensor([[center]]), torch.tensor([[mm]]), torch.tensor([[logit]]))


def test_the_same_box_agrees_by_its_probability(crop: Crop) -> None:
    candidates = candidate_at(CENTER, DIAMETER_MM, 1.0)
    assert float(agreement(candidates, crop, target="class")) == pytest.approx(
        1 / (1 + math.exp(-1))
    )


def test_for_the_box_the_probability_does_not_count(crop: Crop) -> None:
    assert float(
        agreement(candidate_at(CENTER, DIAMETER_MM, -5.0), crop, target="box")
    ) == pytest.approx(1)


def test_a_box_of_half_the_edge_overlaps_by_an_eighth(crop: Crop) -> None:
    candidates = candidate_at(CENTER, DIAMETER_MM / 2, 9.0)
    assert float(agreement(candidates, crop, target="box")) == pytest.approx(1 / 8)


def test_a_box_elsewhere_does_not_agree(crop: Crop) -> None:
    assert float(agreement(candidate_at((5.0, 5.0, 5.0), 8.0, 9.0), crop, target="class")) == 0.0


def test_what_the_detector_must_see_stands_out(
    linear: BrightnessAround, crop: Crop, ball: np.ndarray
) -> None:
    values = drise(linear, crop, masks=64).values
    assert values[ball].mean() > 2 * values[~ball].mean()


def test_the_same_seed_gives_the_same_map(linear: BrightnessAround, crop: Crop) -> None:
    once, again = (drise(linear, crop, masks=8).values for _ in range(2))
    assert np.array_equal(once, again)


def test_another_seed_gives_another_map(linear: BrightnessAround, crop: Crop) -> None:
    once, other = (drise(linear, crop, masks=8, seed=seed).values for seed in (1, 2))
    assert not np.allclose(once, other)


def test_a_single_mask_is_refused(linear: BrightnessAround, crop: Crop) -> None:
    with pytest.raises(ValueError, match="1"):
        drise(linear, crop, masks=1)
