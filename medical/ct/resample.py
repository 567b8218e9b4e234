"""Resample a CT onto another grid, trilinearly, on both cores."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float32, Int16
from torch.nn import functional

from medical.geometry import VolumeGeometry

AIR_HU = -1024.0
_SLAB = 32  # output slices at a time: keeps the sampling grid under 100 MB


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
