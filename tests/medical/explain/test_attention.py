from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from medical.explain.attention import attention, attention_in_mask, open_gate
from medical.explain.checks.localisation import energy_inside
from medical.explain.shipped_detector import StarLungFinding
from medical.explain.subject import Crop
from models.training.two_stage import TwoStage
from tests.medical.explain.conftest import BrightnessAround, make_crop


def test_it_points_into_the_nodule(shipped: StarLungFinding, crop: Crop, ball: np.ndarray) -> None:
    assert ball[attention(shipped, crop).peak_voxel]


def test_the_mask_sharpens_it(shipped: StarLungFinding, crop: Crop, ball: np.ndarray) -> None:
    coarse = energy_inside(attention(shipped, crop), ball)
    assert energy_inside(attention_in_mask(shipped, crop), ball) > coarse + 0.2


def test_it_goes_where_the_nodule_goes(networks: TwoStage, crop: Crop) -> None:
    here = attention_in_mask(StarLungFinding.of(networks, crop), crop)
    other = make_crop((24.0, 23.0, 25.0))
    there = attention_in_mask(StarLungFinding.of(networks, other), other)
    moved = np.subtract(ndimage.center_of_mass(there.values), ndimage.center_of_mass(here.values))
    assert moved == pytest.approx((2, -3, 1), abs=0.7)


def test_it_depends_on_the_target(shipped: StarLungFinding, crop: Crop) -> None:
    of_class = attention(shipped, crop, target="class").values
    assert not np.allclose(of_class, attention(shipped, crop, target="box").values, atol=0.01)


def test_it_does_not_fire_beside_the_finding(shipped: StarLungFinding, crop: Crop) -> None:
    far = ndimage.distance_transform_edt(crop.hu < -400) > 16
    assert attention_in_mask(shipped, crop).values[far].max() < 0.05


def test_the_bare_gate_opens_on_the_nodule(
    shipped: StarLungFinding, crop: Crop, ball: np.ndarray
) -> None:
    values = open_gate(shipped, crop).values
    assert values[ball].mean() > 5 * values[~ball].mean()


def test_a_detector_without_gate_is_refused(linear: BrightnessAround, crop: Crop) -> None:
    with pytest.raises(ValueError, match="BrightnessAround has no attention gate"):
        attention(linear, crop)


def test_the_detector_is_left_without_hooks(shipped: StarLungFinding, crop: Crop) -> None:
    attention(shipped, crop)
    assert not any(module._forward_hooks for module in shipped.modules())
