"""Cut cubes out of a whole CT around candidates, as ``models.detector.crops`` does in training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Float32

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
    steps = (np.arange(size) + 0.5) / size - 0.5
    rows, weights = [], []
    for at, length in zip(np.asarray(center, np.float64), volume.shape, strict=True):
        place = np.clip(at + steps * extent, 0, length - 1)
        below = np.floor(place).astype(int)
        above = np.minimum(below + 1, length - 1)
        used, where = np.unique(np.concatenate([below, above]), return_inverse=True)
        weight = np.zeros((size, len(used)), np.float32)
        number = np.arange(size)
        share = (place - below).astype(np.float32)
        np.add.at(weight, (number, where[:size]), 1 - share)
        np.add.at(weight, (number, where[size:]), share)
        rows.append(used)
        weights.append(weight)
    block = of(volume[np.ix_(*rows)])
    for weight in weights:  # contract the first axis, which comes back as the last
        block = np.tensordot(block, weight, axes=(0, 1))
    return np.ascontiguousarray(block, np.float32)
