"""Vessels laid across another patch: seen there, and never a lesion among them."""

from __future__ import annotations

import torch

from medical.synthesis.insertion.augment import overlay_vessels
from medical.synthesis.insertion.background import REAL_SLOTS, Background

P, LUNG_HU, VESSEL_HU = 48, -850.0, 30.0


def _patches() -> Background:
    """Four patches of lung; the second holds a rod, the third a rod and a known lesion."""
    hu = torch.full((4, 1, P, P, P), LUNG_HU)
    hu[1:3, 0, 20:24, 20:24] = VESSEL_HU
    centers = torch.full((4, REAL_SLOTS, 3), -1e3)
    valid = torch.zeros(4, REAL_SLOTS, dtype=torch.bool)
    valid[2, 0] = True
    return Background(
        hu,
        torch.ones_like(hu),
        centers,
        torch.ones(4, REAL_SLOTS),
        valid,
        torch.zeros(4, 3),
        torch.zeros_like(valid),
    )


def test_vessels_are_taken_along_and_nothing_else() -> None:
    torch.manual_seed(0)
    back = _patches()
    before = back.hu.clone()
    overlay_vessels(back, share=1.0)
    assert (back.hu[0] > -100).sum() == (before[1] > -100).sum()
    thin = back.hu[0] < -800
    assert torch.allclose(back.hu[0][thin], before[0][thin], atol=5)
    assert torch.equal(back.hu[3], before[3])  # its giver, the first patch, has no vessel


def test_nothing_comes_from_a_patch_with_a_lesion() -> None:
    torch.manual_seed(0)
    back = _patches()
    before = back.hu.clone()
    overlay_vessels(back, share=1.0)
    assert torch.equal(back.hu[1], before[1])


def test_nothing_is_laid_outside_the_lungs() -> None:
    torch.manual_seed(0)
    back = _patches()
    back.lung[0, :, :24] = 0
    before = back.hu.clone()
    overlay_vessels(back, share=1.0)
    assert torch.equal(back.hu[0, :, :24], before[0, :, :24])


def test_a_share_of_none_changes_nothing() -> None:
    back = _patches()
    before = back.hu.clone()
    overlay_vessels(back, share=0.0)
    assert torch.equal(back.hu, before)
