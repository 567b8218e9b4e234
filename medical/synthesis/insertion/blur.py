"""Blur what is drawn: evenly, or as the scan's slices blur what is in the patient."""

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


def gaussian_blur(volume: Tensor, sigma: tuple[float, float, float]) -> Tensor:
    """Separable Gaussian blur of ``[n, 1, z, y, x]``, ``sigma`` (z, y, x) in voxels."""
    # shifted sums: on an accelerator cuDNN is slow for one-channel kernels of this shape
    for axis, width in enumerate(sigma, start=2):
        reach = max(1, int(3 * width + 0.5))
        weights = [math.exp(-0.5 * (at / width) ** 2) for at in range(-reach, reach + 1)]
        total = sum(weights)
        pad = [0, 0] * (4 - axis) + [reach, reach]
        wide = functional.pad(volume, pad)
        size = volume.shape[axis]
        volume = wide.narrow(axis, 0, size) * (weights[0] / total)
        for at, weight in enumerate(weights[1:], start=1):
            volume.add_(wide.narrow(axis, at, size), alpha=weight / total)
    return volume
