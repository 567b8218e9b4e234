"""Whether a map stays on a second look and goes on a random network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from medical.explain.attention import attention_in_mask
from medical.explain.checks.stability import (
    NOISE_HU,
    PASSES_BELOW,
    SHIFT,
    cascade,
    laid_back,
    seen_again,
    similarity_to_random,
    ssim,
    wholly_random,
)
from medical.explain.methods import edges, gaussian
from medical.explain.shipped_detector import StarLungFinding
from medical.explain.subject import Crop, Explanation, Target


@pytest.mark.parametrize("target", ["class", "box"])
def test_the_shown_map_does_not_survive(
    shipped: StarLungFinding, crop: Crop, target: Target
) -> None:
    shown = attention_in_mask(shipped, crop, target=target)

    def explain(subject: StarLungFinding) -> Explanation:
        return attention_in_mask(subject, crop, target=target)

    assert similarity_to_random(explain, shipped, shown) < PASSES_BELOW


@pytest.mark.parametrize("baseline", [gaussian, edges])
def test_a_map_that_looks_at_no_weight_survives(
    shipped: StarLungFinding, crop: Crop, baseline: Callable[[Crop], Explanation]
) -> None:
    alike = similarity_to_random(lambda _: baseline(crop), shipped, baseline(crop))
    assert alike == pytest.approx(1.0)


def test_parts_are_drawn_from_the_output_down(shipped: StarLungFinding) -> None:
    before = {name: value.clone() for name, value in shipped.state_dict().items()}
    name, first = next(iter(cascade(shipped)))
    changed = {
        key for key, value in first.state_dict().items() if not torch.equal(value, before[key])
    }
    assert name == "heads"
    assert any(key.startswith("detector.heads") for key in changed)
    assert not any(key.startswith("detector.encoder") for key in changed)


def test_in_the_end_no_convolution_is_left(shipped: StarLungFinding) -> None:
    random = wholly_random(shipped).state_dict()
    stored = [
        name
        for name, value in shipped.state_dict().items()
        if value.ndim == 5 and torch.equal(value, random[name])
    ]
    assert not stored


def test_the_network_itself_is_kept(shipped: StarLungFinding) -> None:
    before = [p.clone() for p in shipped.parameters()]
    wholly_random(shipped)
    assert all(torch.equal(a, b) for a, b in zip(before, shipped.parameters(), strict=True))


def test_a_seed_draws_the_same_weights(shipped: StarLungFinding) -> None:
    first, other = (wholly_random(shipped, seed=3).detector.heads.heat.weight for _ in range(2))
    assert torch.equal(first, other)


def test_drawing_leaves_torchs_own_numbers_alone(shipped: StarLungFinding) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    wholly_random(shipped)
    assert np.array_equal(torch.rand(3), expected)


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
