"""What an inserted thing is made of: density by type, inner structure, the scanner's noise."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

SOLID, PART_SOLID, GROUND_GLASS, CALCIFIED = range(4)  # order of models.detector.refiner.DENSITIES
_LOW_HU = (-80.0, -720.0, -760.0, 220.0)
_HIGH_HU = (120.0, -480.0, -480.0, 900.0)


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


def base_hu(density: Tensor) -> Tensor:
    """Draw the mean HU of each thing from its density type ``[n]``."""
    low = torch.tensor(_LOW_HU, device=density.device)[density]
    high = torch.tensor(_HIGH_HU, device=density.device)[density]
    return low + (high - low) * torch.rand(len(density), device=density.device)


def structured_hu(mean_hu: Tensor, edge: int) -> Tensor:
    """``[n, 1, edge, edge, edge]`` HU around the means: slow unevenness and fine grain."""
    count, device = len(mean_hu), mean_hu.device
    wide = (count, 1, 1, 1, 1)
    slow = torch.randn(count, 1, 8, 8, 8, device=device)
    slow = functional.interpolate(slow, size=(edge,) * 3, mode="trilinear", align_corners=False)
    fine = gaussian_blur(torch.randn(count, 1, edge, edge, edge, device=device), (0.6, 0.6, 0.6))
    # the scan's own noise stays under what is inserted (see paste), so this is the tissue's alone
    slow_hu = 5 + 45 * torch.rand(wide, device=device)
    fine_hu = 25 * torch.rand(wide, device=device)
    return mean_hu.view(wide) + slow * slow_hu + fine * fine_hu
