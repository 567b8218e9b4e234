"""Blur and elastic deformation of patches.

What is drawn is blurred evenly, or along the slices' normal as their thickness blurs what is in the
patient (slice-profile blur). Lung is deformed by smooth displacements, so that no vessel runs twice
as it did before: a network that sees few lungs often learns their vessels by heart.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

_KNOTS = 6  # along an edge of a patch
_FINE = 4  # times as many cells in which the bends are smoothed
_MAX_VOXELS = 3.0  # deviation of the displacement of a patch deformed most
_ROUNDS = 6  # of the fixed point; each brings it nearer by the displacement's slope


def slice_profile_blur(volume: Tensor, direction: Tensor) -> Tensor:
    """Gaussian blur along one direction a row.

    Done in the frequencies, so one side of the volume goes on at the opposite one: what counts must
    lie further from the sides than the blur reaches.

    Args:
        volume: ``[m, c, e, e, e]``.
        direction: ``[m, 3]`` (z, y, x) in voxels; its length is the blur's standard deviation.
    """
    edge = volume.shape[-1]
    whole = torch.fft.fftfreq(edge, device=volume.device)
    half = torch.fft.rfftfreq(edge, device=volume.device)
    along = [
        part.view(-1, 1, 1, 1, 1) * frequency.view(shape)
        for part, frequency, shape in zip(
            direction.unbind(1),
            (whole, whole, half),
            ((-1, 1, 1), (-1, 1), (-1,)),
            strict=True,
        )
    ]
    passed = torch.exp(-2 * math.pi**2 * (along[0] + along[1] + along[2]) ** 2)
    axes = (-3, -2, -1)
    waves = torch.fft.rfftn(volume, dim=axes)
    blurred: Tensor = torch.fft.irfftn(waves * passed, s=(edge,) * 3, dim=axes)
    return blurred


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


def random_deformation(count: int, *, share: float, device: torch.device) -> Tensor:
    """Displacements ``[count, 3, c, c, c]`` (z, y, x) in voxels over a patch; 0 in most patches.

    Args:
        count: patches.
        share: of the patches that are deformed; the others get zeros.
        device: where they are drawn.
    """
    rough = torch.randn(count, 3, _KNOTS, _KNOTS, _KNOTS, device=device)
    fine = functional.interpolate(
        rough, scale_factor=float(_FINE), mode="trilinear", align_corners=False
    )
    smooth = functional.avg_pool3d(fine, _FINE + 1, 1, _FINE // 2, count_include_pad=False)
    deformed = torch.rand(count, device=device) < share
    much = _MAX_VOXELS * torch.rand(count, device=device) * deformed
    return smooth * (much / smooth.std().clamp(min=1e-6)).view(-1, 1, 1, 1, 1)


def deformation_on_grid(deformation: Tensor, patch: int) -> Tensor:
    """Evaluate the same ``[count, 3, p, p, p]`` at each voxel of a patch."""
    return functional.interpolate(
        deformation, size=(patch,) * 3, mode="trilinear", align_corners=False
    )


def deformed_positions(points: Tensor, deformation: Tensor, patch: int) -> Tensor:
    """Where in a deformed patch lies what is at ``points`` ``[count, k, 3]`` of a straight one.

    A voxel ``v`` of the deformed patch shows what lies at ``v + deformation(v)`` of the straight
    one; this finds ``v``, to a tenth of a voxel.
    """
    at = points
    for _ in range(_ROUNDS):
        grid = ((2 * at + 1) / patch - 1).flip(-1)[:, :, None, None]
        moved = functional.grid_sample(
            deformation, grid, padding_mode="border", align_corners=False
        )
        at = points - moved[..., 0, 0].transpose(1, 2)
    return at
