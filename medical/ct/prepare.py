"""A CT made ready for the networks and for training: 1 mm, upright, cropped to the lungs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int16
from torch.nn import functional

from medical.ct.lungs import lung_mask
from medical.ct.sides import LungSides
from medical.ct.volume import CtVolume
from medical.geometry import VolumeGeometry

AIR_HU = -1024.0
_SLAB = 32  # output slices at a time: keeps the sampling grid under 100 MB
SPACING_MM = 1.0
MARGIN_MM = 12


def resample(
    hu: Int16[np.ndarray, "z y x"], source: VolumeGeometry, target: VolumeGeometry
) -> Float32[np.ndarray, "z y x"]:
    """Read ``hu`` at the voxel centres of ``target``; air where the target leaves the source.

    Returns:
        HU on the target's grid, float32.
    """
    to_source = np.linalg.inv(source.affine_lps_mm) @ target.affine_lps_mm
    size = np.array(source.shape, dtype=np.float64)
    # grid_sample counts in [-1, 1] between the outer faces (align_corners=False), x first
    scale, shift = 2.0 / size, 1.0 / size - 1.0
    theta = scale[:, None] * to_source[:3, :3]
    offset = scale * to_source[:3, 3] + shift
    step = torch.from_numpy(np.ascontiguousarray(theta[::-1])).float()
    start = torch.from_numpy(np.ascontiguousarray(offset[::-1])).float()
    image = torch.from_numpy(hu.astype(np.float32))[None, None].sub_(AIR_HU)
    depth, height, width = target.shape
    y, x = torch.arange(height).float(), torch.arange(width).float()
    plane = y[:, None, None] * step[:, 1] + x[None, :, None] * step[:, 2]
    out = np.empty(target.shape, dtype=np.float32)
    for low in range(0, depth, _SLAB):
        z = torch.arange(low, min(low + _SLAB, depth)).float()
        grid = plane[None] + z[:, None, None, None] * step[:, 0] + start
        part = functional.grid_sample(image, grid[None], padding_mode="zeros", align_corners=False)
        out[low : low + len(z)] = part[0, 0].numpy()
    out += AIR_HU
    return out


class NoLungError(ValueError):
    """The CT holds nothing that looks like lung."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A CT on its 1 mm grid, cropped to the lungs.

    Args:
        hu: Hounsfield units.
        lung: where nodules may be.
        geometry: where the voxels lie in the patient.
        slice_mm: distance between the CT's own slices, which blurs ``hu`` along z.
        sides: left and right, where they were asked for.
    """

    hu: Float32[np.ndarray, "z y x"]
    lung: Bool[np.ndarray, "z y x"]
    geometry: VolumeGeometry
    slice_mm: float
    sides: LungSides | None = None


def prepare(ct: CtVolume, *, with_sides: bool = False) -> Prepared:
    """Resample to 1 mm, find the lungs, crop to them.

    Args:
        ct: the CT.
        with_sides: tell left from right too.

    Raises:
        NoLungError: there are none.
    """
    grid = ct.geometry.isotropic(SPACING_MM)
    hu = resample(ct.hu, ct.geometry, grid)
    lung = lung_mask(hu)
    if not lung.any():
        raise NoLungError("no air-filled lung was found")
    where = [np.flatnonzero(lung.any(other)) for other in ((1, 2), (0, 2), (0, 1))]
    low = [max(0, int(w[0]) - MARGIN_MM) for w in where]
    high = [min(n, int(w[-1]) + 1 + MARGIN_MM) for w, n in zip(where, hu.shape, strict=True)]
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    start, stop = (low[0], low[1], low[2]), (high[0], high[1], high[2])
    return Prepared(
        np.ascontiguousarray(hu[box]),
        lung[box],
        grid.cropped(start, stop),
        slice_mm=ct.geometry.spacing_mm[0],
        sides=LungSides.of(hu, lung, grid) if with_sides else None,
    )
