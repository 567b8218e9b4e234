from __future__ import annotations

import numpy as np

from medical.explain.checks.insertion_deletion import insertion_deletion
from medical.explain.methods import gaussian
from medical.explain.subject import Crop, Explanation
from tests.medical.explain.conftest import BrightnessAround, away_mm


def far_away(crop: Crop) -> Explanation:
    return Explanation.scaled(away_mm(), crop, method="far away")


def test_inserting_the_nodule_first_brings_the_score(linear: BrightnessAround, crop: Crop) -> None:
    good = insertion_deletion(linear, gaussian(crop)).insertion
    assert good > insertion_deletion(linear, far_away(crop)).insertion + 0.2


def test_deleting_the_nodule_first_takes_the_score(linear: BrightnessAround, crop: Crop) -> None:
    good = insertion_deletion(linear, gaussian(crop)).deletion
    assert good < insertion_deletion(linear, far_away(crop)).deletion - 0.2


def test_an_empty_map_is_worse_than_a_good_one(linear: BrightnessAround, crop: Crop) -> None:
    empty = Explanation(np.zeros_like(crop.hu), crop, "x")
    good = insertion_deletion(linear, gaussian(crop))
    assert insertion_deletion(linear, empty).insertion < good.insertion
