"""Cut cubes out of a whole CT around candidates, as ``models.detector.crops`` does in training."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from jaxtyping import Float, Float32, Int

_Volume = Float32[np.ndarray, "z y x"]


def _as_it_is(values: np.ndarray) -> np.ndarray:
    return values


def crop_around(
    volume: _Volume,
    center: Float[np.ndarray, 3],
    extent: float,
    *,
    size: int,
    of: Callable[[np.ndarray], np.ndarray] = _as_it_is,
) -> Float32[np.ndarray, "size size size"]:
    """Sample a cube of ``size`` voxels and edge ``extent``, linearly between voxels.

    Args:
        volume: ``[z, y, x]``; beyond it its edge is repeated.
        center: ``(z, y, x)`` in voxels of ``volume``.
        extent: edge of the cube in voxels of ``volume``.
        size: voxels along the edge of the crop.
        of: applied to the voxels before they are weighted: so that a whole CT need not be.
    """
    (z, along_z), (y, along_y), (x, along_x) = (
        _weights(float(at), extent, length=length, size=size)
        for at, length in zip(np.asarray(center, np.float64), volume.shape, strict=True)
    )
    block = volume[z[:, None], y, x[0] : x[-1] + 1]  # whole rows: copied at once
    if len(x) < block.shape[2]:
        block = block[:, :, x - x[0]]
    # one matrix a slice: small ones stay in this thread and in its cache
    part = np.matmul(along_z, of(block).transpose(1, 0, 2))
    part = np.matmul(along_y, part.transpose(1, 0, 2))
    return np.asarray(np.matmul(part, along_x.T), np.float32)


def _weights(
    at: float, extent: float, *, length: int, size: int
) -> tuple[Int[np.ndarray, " used"], Float32[np.ndarray, "size used"]]:
    """Places along an axis that a crop needs, and how much of each is in each of its voxels."""
    number, steps = _steps(size)
    place = np.minimum(np.maximum(at + steps * extent, 0), length - 1)
    below = place.astype(int)
    share = (place - below).astype(np.float32)
    first = int(below[0])
    low = below - first
    high = np.minimum(low + 1, length - 1 - first)
    is_used = np.zeros(int(high[-1]) + 1, bool)
    is_used[low] = is_used[high] = True
    used = is_used.nonzero()[0]
    if len(used) < len(is_used):
        column = np.cumsum(is_used) - 1
        low, high = column[low], column[high]
    weights = np.zeros((size, len(used)), np.float32)
    weights[number, low] = 1 - share
    weights[number, high] += share
    return used + first, weights


@cache
def _steps(size: int) -> tuple[Int[np.ndarray, " size"], Float[np.ndarray, " size"]]:
    """Give each voxel along a crop's edge its number, and its place in edges from the middle."""
    number = np.arange(size)
    return number, (number + 0.5) / size - 0.5
