from __future__ import annotations

from dataclasses import replace

import numpy as np

from medical.explain.crop import Crop
from medical.explain.occlusion import occlusion
from medical.explain.tissue import lung_tissue
from tests.medical.explain.conftest import BrightnessAround


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
