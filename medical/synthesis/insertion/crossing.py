"""Vessels of one lung laid across another: crossings and neighbours that neither lung has."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from medical.synthesis.insertion.background import Background

_VESSEL_HU, _SOFT_HU = -700.0, 40.0  # what is denser is taken along
_EDGE = 5  # voxels in which they fade where one of the two lungs ends


def cross_vessels(back: Background, *, share: float) -> None:
    """Add another patch's vessels to a share of the patches, in place.

    Nothing is taken from a patch that holds a lesion, known or doubtful: it would be taught as
    background.

    Args:
        back: patches of one case follow each other; a quarter of them gives to another quarter.
        share: of the patches that are given some, before those without a giver are left out.
    """
    count = len(back.hu)
    giver = (torch.arange(count, device=back.hu.device) + count // 4) % count
    order = [2 + int(axis) for axis in torch.randperm(3)]
    mirrored = [axis for axis in (2, 3, 4) if float(torch.rand(())) < 0.5]

    def turned(x: Tensor) -> Tensor:
        return x[giver].permute(0, 1, *order).flip(mirrored)

    theirs, their_lung = turned(back.hu), turned(back.lung)
    inside = functional.avg_pool3d(their_lung, _EDGE, 1, _EDGE // 2, count_include_pad=False)
    inside = inside.clamp(0, 1) ** 2 * back.lung.clamp(0, 1)
    takes = torch.rand(count, device=back.hu.device) < share
    takes &= ~(back.valid | back.doubtful).any(1)[giver]
    weight = torch.sigmoid((theirs - _VESSEL_HU) / _SOFT_HU) * inside
    weight = weight * takes.view(-1, 1, 1, 1, 1)
    back.hu.add_(weight * (theirs - back.hu).clamp(min=0))
