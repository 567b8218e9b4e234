"""The baselines, which look at no weight."""

from __future__ import annotations

import math

import pytest

from medical.explain.methods import edges, gaussian
from medical.explain.subject import Crop
from tests.medical.explain.conftest import CENTER, DIAMETER_MM, away_mm


def test_the_gaussian_peaks_at_the_boxs_centre(crop: Crop) -> None:
    assert gaussian(crop).peak_voxel == CENTER


def test_the_gaussian_falls_with_the_box(crop: Crop) -> None:
    z, y, x = (round(c) for c in CENTER)
    there = gaussian(crop).values[z, y, x + round(DIAMETER_MM / 2)]
    assert there == pytest.approx(math.exp(-2), rel=1e-4)


def test_edges_lie_on_the_rim(crop: Crop) -> None:
    peak = edges(crop).peak_voxel
    assert away_mm()[peak] == pytest.approx(DIAMETER_MM / 2, abs=1.5)
