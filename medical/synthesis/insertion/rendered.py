"""Things drawn to be set into lung: how large they are, and what they are made of."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from medical.synthesis.insertion.blur import gaussian_blur

BOX = 56  # voxels of 1 mm: room for things of up to 32 mm
_ROOM = 1.68  # how much longer than the ball of their volume things are
UNKNOWN = -1  # density of a real cube: nobody rated it


class Rendered(NamedTuple):
    """``m`` things, each in a box of its own."""

    alpha: Tensor  # [m, 1, box, box, box] how much of the thing a voxel of lung shows
    core: Tensor  # [m, 1, box, box, box] the same of what is not lung: at most alpha
    hu: Tensor  # [m, 1, box, box, box]
    mask: Tensor  # [m, 1, box, box, box] bool
    replace: Tensor  # [m] bool: a real cube replaces; a shape only brightens
    density: Tensor  # [m]
    is_nodule: Tensor  # [m] bool


def ball_diameter(voxels: Tensor) -> Tensor:
    """Diameter of the ball of so many voxels."""
    return (voxels.float() * (6 / math.pi)).pow(1 / 3)


def box_for(largest_mm: float) -> int:
    """Edge of a box for things up to ``largest_mm``, voxels of 1 mm; at least ``BOX``."""
    return max(BOX, 8 * math.ceil(_ROOM * largest_mm / 8))


SOLID, PART_SOLID, GROUND_GLASS, CALCIFIED = range(4)  # order of models.detector.refiner.DENSITIES
_LOW_HU = (-80.0, -720.0, -760.0, 220.0)
_HIGH_HU = (120.0, -480.0, -480.0, 900.0)


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
