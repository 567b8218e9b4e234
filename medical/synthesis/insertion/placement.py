"""Where to set a nodule: free lung, at the pleura, or at a vessel; not on another one."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_CELL = 4
_MARGIN = 2  # cells at the patch's edge that stay free
_VESSEL_HU = -500.0
_KEEP_APART_MM = 6.0


def place(
    hu: Tensor, lung: Tensor, centers: Tensor, diameters_mm: Tensor, taken: Tensor, new_mm: Tensor
) -> tuple[Tensor, Tensor]:
    """Choose one position a patch.

    Args:
        hu: ``[n, 1, p, p, p]``.
        lung: ``[n, 1, p, p, p]`` in [0, 1].
        centers: ``[n, k, 3]`` what is already there.
        diameters_mm: ``[n, k]``.
        taken: ``[n, k]`` which of those count.
        new_mm: ``[n]`` diameter of the newcomer.

    Returns:
        Position ``[n, 3]`` in voxels and whether one was found ``[n]``.
    """
    count, device = len(hu), hu.device
    inside = functional.avg_pool3d(lung, _CELL)
    vessel = functional.avg_pool3d((hu > _VESSEL_HU).float() * lung, _CELL)
    kind = torch.rand(count, 1, 1, 1, 1, device=device)
    edge = inside * (1 - inside) * 4
    weight = torch.where(kind < 0.5, inside, torch.where(kind < 0.75, edge, vessel))
    frame = torch.zeros_like(weight)
    keep = slice(_MARGIN, -_MARGIN)
    frame[:, :, keep, keep, keep] = 1
    # interpolation leaves lung a hair above 1 at places; a negative weight would be refused
    weight = (weight.clamp(min=0) * frame)[:, 0]
    cells = weight.shape[-1]
    axis = (torch.arange(cells, device=device) + 0.5) * _CELL - 0.5
    spot = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(1, -1, 3)
    flat = weight.reshape(count, -1)
    for slot in range(centers.shape[1]):
        apart = (diameters_mm[:, slot] + new_mm) / 2 + _KEEP_APART_MM
        near = (spot - centers[:, slot, None]).norm(dim=-1) < apart[:, None]
        flat = flat * ~(near & taken[:, slot, None])
    found = flat.sum(1) > 1e-3
    index = torch.multinomial(torch.where(found[:, None], flat, torch.ones_like(flat)), 1)[:, 0]
    jitter = (torch.rand(count, 3, device=device) - 0.5) * _CELL
    return spot[0, index] + jitter, found
