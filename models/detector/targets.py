"""What the first stage should have said: a Gaussian heat-map and the values at nodule centres.

CenterNet's way (arXiv 1904.07850) in 3D, at the detector's stride.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from models.detector.detector import STRIDE


class CentreTargets(NamedTuple):
    """Targets for ``n`` patches with up to ``k`` nodules; ``g`` cells along an edge."""

    heat: Tensor  # [n, g, g, g], 1 in the cell of a centre
    cell: Tensor  # [n, k] flat index of the centre's cell
    offset: Tensor  # [n, k, 3] cells from the cell's centre
    log_diameter: Tensor  # [n, k]
    valid: Tensor  # [n, k] bool
    attention: Tensor  # [n, g, g, g] nodule occupancy in [0, 1]
    attention_known: Tensor  # [n, g, g, g] bool
    counted: Tensor  # [n, g, g, g] bool: false where a doubtful finding lies


def centre_targets(
    centers: Tensor,
    diameters_mm: Tensor,
    valid: Tensor,
    label: Tensor,
    has_mask: Tensor,
    doubtful: Tensor,
) -> CentreTargets:
    """Build targets.

    Args:
        centers: ``[n, k, 3]`` voxels of 1 mm.
        diameters_mm: ``[n, k]``.
        valid: ``[n, k]`` which rows are nodules.
        label: ``[n, 1, p, p, p]`` 1 + index of the nodule at each voxel.
        has_mask: ``[n, k]`` whose outline is in ``label``.
        doubtful: ``[n, k]`` which rows may be nodules and are left out of the loss.
    """
    cells = label.shape[-1] // STRIDE
    position = (centers + 0.5) / STRIDE - 0.5
    nearest = position.round()
    inside = nearest.clamp(0, cells - 1)  # rows that are not valid may lie anywhere
    cell = ((inside[..., 0] * cells + inside[..., 1]) * cells + inside[..., 2]).long()
    axis = torch.arange(cells, device=centers.device, dtype=torch.float32)
    sigma = (diameters_mm / (5 * STRIDE)).clamp(0.5, 2.0)
    heat = torch.zeros(len(centers), cells, cells, cells, device=centers.device)
    near_unknown = torch.zeros_like(heat, dtype=torch.bool)
    counted = ~near_unknown
    for k in range(centers.shape[1]):
        square = [(axis - nearest[:, k, a, None]) ** 2 for a in range(3)]
        distance = (
            square[0][:, :, None, None] + square[1][:, None, :, None] + square[2][:, None, None, :]
        )
        spread = torch.exp(-distance / (2 * sigma[:, k].view(-1, 1, 1, 1) ** 2))
        here = valid[:, k].view(-1, 1, 1, 1)
        heat = torch.maximum(heat, spread * here)
        reach = (0.75 * diameters_mm[:, k] / STRIDE + 1).view(-1, 1, 1, 1)
        unknown = (valid & ~has_mask)[:, k].view(-1, 1, 1, 1)
        near_unknown |= unknown & (distance < reach**2)
        counted &= ~(doubtful[:, k].view(-1, 1, 1, 1) & (distance < reach**2))
    return CentreTargets(
        heat,
        cell,
        position - nearest,
        diameters_mm.clamp(min=1.0).log(),
        valid,
        functional.avg_pool3d((label > 0).float(), STRIDE)[:, 0],
        ~near_unknown & counted,
        counted | (heat >= 0.999),
    )
