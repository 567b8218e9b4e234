from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from medical.explain.crop import Crop
from medical.explain.drise import agreement, drise
from models.detector.peaks import Candidates
from tests.medical.explain.conftest import CENTER, DIAMETER_MM, BrightnessAround


def one(center: tuple[float, float, float], mm: float, logit: float) -> Candidates:
    return Candidates(torch.tensor([[center]]), torch.tensor([[mm]]), torch.tensor([[logit]]))


def test_the_same_box_agrees_by_its_probability(crop: Crop) -> None:
    found = one(CENTER, DIAMETER_MM, 1.0)
    assert float(agreement(found, crop, target="class")) == pytest.approx(1 / (1 + math.exp(-1)))


def test_for_the_box_the_probability_does_not_count(crop: Crop) -> None:
    assert float(agreement(one(CENTER, DIAMETER_MM, -5.0), crop, target="box")) == pytest.approx(1)


def test_a_box_of_half_the_edge_overlaps_by_an_eighth(crop: Crop) -> None:
    found = one(CENTER, DIAMETER_MM / 2, 9.0)
    assert float(agreement(found, crop, target="box")) == pytest.approx(1 / 8)


def test_a_box_elsewhere_does_not_agree(crop: Crop) -> None:
    assert float(agreement(one((5.0, 5.0, 5.0), 8.0, 9.0), crop, target="class")) == 0.0


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
