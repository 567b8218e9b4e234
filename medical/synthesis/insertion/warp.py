"""Lung bent out of shape: smooth displacements, so that no vessel runs twice as it did before.

A network that sees few lungs often learns their vessels by heart (docs/lessons.md); bent, turned
and crossed by others they are new each time.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_KNOTS = 6  # along an edge of a patch
_FINE = 4  # times as many cells in which the bends are smoothed
_MOST_VOXELS = 3.0  # deviation of the displacement of a patch bent most
_ROUNDS = 6  # of the fixed point; each brings it nearer by the displacement's slope


def random_bend(count: int, *, share: float, device: torch.device) -> Tensor:
    """Displacements ``[count, 3, c, c, c]`` (z, y, x) in voxels over a patch; 0 in most patches.

    Args:
        count: patches.
        share: of the patches that are bent; the others get zeros.
        device: where they are drawn.
    """
    rough = torch.randn(count, 3, _KNOTS, _KNOTS, _KNOTS, device=device)
    fine = functional.interpolate(
        rough, scale_factor=float(_FINE), mode="trilinear", align_corners=False
    )
    smooth = functional.avg_pool3d(fine, _FINE + 1, 1, _FINE // 2, count_include_pad=False)
    bent = torch.rand(count, device=device) < share
    much = _MOST_VOXELS * torch.rand(count, device=device) * bent
    return smooth * (much / smooth.std().clamp(min=1e-6)).view(-1, 1, 1, 1, 1)


def bend_on_grid(bend: Tensor, patch: int) -> Tensor:
    """Evaluate the same ``[count, 3, p, p, p]`` at each voxel of a patch."""
    return functional.interpolate(bend, size=(patch,) * 3, mode="trilinear", align_corners=False)


def where_it_went(points: Tensor, bend: Tensor, patch: int) -> Tensor:
    """Where in a bent patch lies what would be at ``points`` ``[count, k, 3]`` of a straight one.

    A voxel ``v`` of the bent patch shows what lies at ``v + bend(v)`` of the straight one; this
    finds ``v``, to a tenth of a voxel.
    """
    at = points
    for _ in range(_ROUNDS):
        grid = ((2 * at + 1) / patch - 1).flip(-1)[:, :, None, None]
        moved = functional.grid_sample(bend, grid, padding_mode="border", align_corners=False)
        at = points - moved[..., 0, 0].transpose(1, 2)
    return at
