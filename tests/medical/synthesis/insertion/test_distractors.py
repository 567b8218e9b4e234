"""Balls of lung set in as real cubes are, without what is known of the lung they are of."""

from __future__ import annotations

import torch

from medical.synthesis.insertion.background import REAL_SLOTS, Background
from medical.synthesis.insertion.distractors import lung_distractors

P, LESION_HU = 96, 100.0


def lungs_with_a_lesion() -> Background:
    """Four patches of lung, each with a dense ball of 10 mm in its middle that is known."""
    hu = torch.full((4, 1, P, P, P), -850.0)
    axis = torch.arange(P).float() - 48
    away = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).norm(dim=-1)
    hu[:, 0, away < 5] = LESION_HU
    centers = torch.full((4, REAL_SLOTS, 3), -1e3)
    centers[:, 0] = 48.0
    valid = torch.zeros(4, REAL_SLOTS, dtype=torch.bool)
    valid[:, 0] = True
    mm = torch.ones(4, REAL_SLOTS)
    mm[:, 0] = 10.0
    return Background(
        hu, torch.ones_like(hu), centers, mm, valid, torch.zeros(4, 3), torch.zeros_like(valid)
    )


def test_no_ball_holds_a_known_lesion() -> None:
    torch.manual_seed(0)
    found_some = False
    for _ in range(6):
        made, placed = lung_distractors(lungs_with_a_lesion())
        found_some |= bool(placed.any())
        shown = made.hu[placed][made.mask[placed]]
        assert not (shown > -500).any()
    assert found_some
