"""What is drawn to be set into lung: size, tissue, and real cubes as boxes of the device."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from medical.synthesis.insertion.filters import gaussian_blur, slice_profile_blur
from medical.synthesis.nodules.lidc_cubes import CENTER_VOXEL, CUBE
from medical.synthesis.nodules.pool import NodulePool

BOX = 56  # voxels of 1 mm: room for things of up to 32 mm
_ROOM = 1.68  # how much longer than the ball of their volume things are
UNKNOWN = -1  # density of a real cube: nobody rated it
SOLID, PART_SOLID, GROUND_GLASS, CALCIFIED = range(4)  # order of models.detector.refiner.DENSITIES
_LOW_HU = (-80.0, -720.0, -760.0, 220.0)
_HIGH_HU = (120.0, -480.0, -480.0, 900.0)
_CENTER_SHIFT = CENTER_VOXEL - (CUBE - 1) / 2
_NEAR_MM, _FAR_MM = 14.0, 23.0  # how far from the nodule its own surroundings reach
_SEAM_MM = 1.5
_MIN_ZOOM, _MAX_ZOOM = 0.5, 1.2
_DENSE_HU, _SOFT_HU = -500.0, 60.0


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


class DrawnCubes(NamedTuple):
    """``m`` real nodules on a grid of ``e`` voxels along an edge."""

    alpha: Tensor  # [m, 1, e, e, e]
    core: Tensor  # [m, 1, e, e, e] the nodule's own part of alpha
    hu: Tensor  # [m, 1, e, e, e]
    mask: Tensor  # [m, 1, e, e, e] bool


def ball_window(distance: Tensor, radius: Tensor) -> Tensor:
    """1 within ``radius`` of the middle, 0 beyond, soft where they meet; in millimetres."""
    return torch.sigmoid((radius - distance) / _SEAM_MM)


class CubeBank:
    """Draws real cubes.

    Args:
        pool: holds them.
        device: where they are kept and drawn.
        wide_share: share of those seen whole that bring their surroundings along, in a ball; the
            others are cut out along their outline.
    """

    def __init__(self, pool: NodulePool, *, device: torch.device, wide_share: float) -> None:
        self.wide_share = wide_share
        self.hu = (torch.from_numpy(pool.cubes.code).float()[:, None] * 8 - 1024).to(device)
        self.masks = torch.from_numpy(pool.cubes.masks).float()[:, None].to(device)
        reach = torch.from_numpy(pool.cubes.reach).float()[:, None].to(device)
        soft = [gaussian_blur(part, (1.2, 1.2, 1.2)) for part in torch.split(reach, 16)]
        self.alpha = torch.cat(soft)
        self.whole = torch.from_numpy(pool.cubes.whole).to(device)

    def draw(self, local_mm: Tensor, edge: int, slice_blur: Tensor) -> DrawnCubes:
        """Draw one cube a row, at 0.5 to 1.2 times its size.

        One drawn smaller is blurred again by as much as shrinking sharpened it: the real ones are
        5 mm and more, and smaller ones must not be told by their edges.

        Args:
            local_mm: ``[m, edge**3, 3]`` positions (z, y, x) about the nodule's middle.
            edge: of the box drawn, voxels.
            slice_blur: ``[m, 3]`` across the scan's slices, as long as their blur's deviation,
                voxels.
        """
        count, device = len(local_mm), local_mm.device
        zoom = _MIN_ZOOM + (_MAX_ZOOM - _MIN_ZOOM) * torch.rand(count, device=device)
        pick = torch.randint(len(self.hu), (count,), device=device)
        place = (local_mm / zoom[:, None, None] + _CENTER_SHIFT).flip(-1)
        grid = place.reshape(count, edge, edge, edge, 3) * (2 / self.hu.shape[-1])
        hu = functional.grid_sample(self.hu[pick], grid, padding_mode="border", align_corners=False)
        close = functional.grid_sample(self.alpha[pick], grid, align_corners=False)
        sharpened = (1 - zoom.clamp(max=1) ** 2).sqrt()[:, None]
        hu = slice_profile_blur(hu, slice_blur * sharpened)
        mask = functional.grid_sample(self.masks[pick], grid, align_corners=False) > 0.5
        radius = (_NEAR_MM + (_FAR_MM - _NEAR_MM) * torch.rand(count, device=device)) * zoom
        distance = local_mm.norm(dim=-1).reshape(count, 1, edge, edge, edge)
        wide = torch.maximum(close, ball_window(distance, radius.view(-1, 1, 1, 1, 1)))
        is_wide = (torch.rand(count, device=device) < self.wide_share) & self.whole[pick]
        is_wide = is_wide.view(-1, 1, 1, 1, 1)
        # where the other CT shows no lung, only what is dense replaces it: no ring of air in a wall
        core = close * torch.sigmoid((hu - _DENSE_HU) / _SOFT_HU)
        return DrawnCubes(torch.where(is_wide, wide, close), core, hu, mask)
