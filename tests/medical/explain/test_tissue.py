from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medical.explain.crop import Crop
from medical.explain.tissue import lung_tissue


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
