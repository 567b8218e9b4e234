"""Cut cubes of a chosen extent around points, for the refiner."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def crop_around(volume: Tensor, centers: Tensor, extents: Tensor, *, size: int) -> Tensor:
    """Sample cubes of ``size`` voxels and ``extents`` edge lengths around ``centers``.

    Args:
        volume: ``[n or 1, c, z, y, x]``; with 1, every crop is taken from it.
        centers: ``[n, 3]`` positions ``(z, y, x)`` in voxels of ``volume``.
        extents: ``[n]`` edge length of each cube in voxels of ``volume``.
        size: voxels along the edge of a crop.

    Returns:
        ``[n, c, size, size, size]``; beyond the volume its edge is repeated.
    """
    shape = torch.tensor(volume.shape[2:], device=volume.device, dtype=torch.float32)
    steps = (torch.arange(size, device=volume.device) + 0.5) / size - 0.5
    crops = []
    if volume.shape[0] == 1 and len(centers) > 1:
        for center, extent in zip(centers, extents, strict=True):
            crops.append(crop_around(volume, center[None], extent[None], size=size))
        return torch.cat(crops)
    # voxel positions along each axis, then to [-1, 1] between outer faces (align_corners=False)
    axes = [
        (centers[:, a, None] + steps * extents[:, None]) * (2 / shape[a]) + (1 / shape[a] - 1)
        for a in range(3)
    ]
    n = len(centers)
    grid = torch.stack(
        [
            axes[2][:, None, None, :].expand(n, size, size, size),
            axes[1][:, None, :, None].expand(n, size, size, size),
            axes[0][:, :, None, None].expand(n, size, size, size),
        ],
        dim=-1,
    )
    return functional.grid_sample(
        volume, grid.to(volume.dtype), padding_mode="border", align_corners=False
    )
