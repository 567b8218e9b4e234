from __future__ import annotations

import numpy as np
import pytest

from medical.explain.checks.energy import energy_inside
from medical.explain.crop import Crop
from medical.explain.result import Explanation


def test_a_map_of_the_nodule_alone_has_all_its_energy_inside(crop: Crop, ball: np.ndarray) -> None:
    assert energy_inside(Explanation(ball.astype(np.float32), crop, "x"), ball) == 1.0


def test_an_even_map_has_the_nodules_share_of_the_crop(crop: Crop, ball: np.ndarray) -> None:
    even = Explanation(np.ones(crop.hu.shape, np.float32), crop, "x")
    assert energy_inside(even, ball) == pytest.approx(ball.mean(), rel=1e-4)


def test_an_empty_map_has_none(crop: Crop, ball: np.ndarray) -> None:
    assert energy_inside(Explanation(np.zeros_like(crop.hu), crop, "x"), ball) == 0.0
