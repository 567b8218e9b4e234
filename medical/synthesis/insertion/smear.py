"""Blurs what is drawn as the scan's slices blur what is in the patient."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

_TAPS = 3  # on each side
_STEP = 0.8  # deviations between taps


def smear_along(volume: Tensor, direction: Tensor) -> Tensor:
    """Gaussian blur along one direction a row.

    Args:
        volume: ``[m, c, e, e, e]``.
        direction: ``[m, 3]`` (z, y, x) in voxels; its length is the blur's standard deviation.
    """
    count, edge = len(volume), volume.shape[-1]
    theta = torch.eye(3, 4, device=volume.device)[None]
    straight = functional.affine_grid(theta, [1, 1, edge, edge, edge], align_corners=False)
    step = direction.flip(-1).view(count, 1, 1, 1, 3) * (_STEP * 2 / edge)  # grids count x first
    weights = [math.exp(-0.5 * (_STEP * k) ** 2) for k in range(-_TAPS, _TAPS + 1)]
    total = torch.zeros_like(volume)
    for k, weight in zip(range(-_TAPS, _TAPS + 1), weights, strict=True):
        grid = straight + k * step
        shifted = functional.grid_sample(volume, grid, padding_mode="border", align_corners=False)
        total.add_(shifted, alpha=weight / sum(weights))
    return total
