"""Smooth random fields: what keeps the anatomy from looking drawn with a ruler."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medical.geometry import Shape3, Spacing3

Volume = NDArray[np.float32]


def smooth_field(
    rng: np.random.Generator, *, shape: Shape3, spacing_mm: Spacing3, scale_mm: float
) -> Volume:
    """Gaussian random field ``[z, y, x]``, mean 0, deviation about 1, correlated over ``scale_mm``.

    A cubic B-spline through white noise on a grid of ``scale_mm``: twice continuously
    differentiable, and three small matrix products instead of a large convolution.
    """
    bases = [
        _spline_basis(count, step, scale_mm) for count, step in zip(shape, spacing_mm, strict=True)
    ]
    knots = rng.standard_normal([basis.shape[1] for basis in bases]).astype(np.float32)
    # Cubic B-splines average their knots; this restores unit deviation on average.
    gain = 1.0 / np.prod([np.sqrt((basis**2).sum(axis=1).mean()) for basis in bases])
    field = knots * np.float32(gain)
    z_basis, y_basis, x_basis = bases
    field = np.tensordot(z_basis, field, axes=(1, 0))
    field = np.matmul(y_basis, field)
    return np.asarray(np.matmul(field, x_basis.T), dtype=np.float32)


def _spline_basis(count: int, step_mm: float, scale_mm: float) -> Volume:
    """Weights ``[count, knots]`` of a uniform cubic B-spline at voxel centres."""
    position = np.arange(count) * step_mm / scale_mm
    cell = np.floor(position).astype(int)
    t = position - cell
    weights = (
        (1 - t) ** 3 / 6,
        (3 * t**3 - 6 * t**2 + 4) / 6,
        (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
        t**3 / 6,
    )
    basis = np.zeros((count, int(cell[-1]) + 4), dtype=np.float32)
    for offset, weight in enumerate(weights):
        basis[np.arange(count), cell + offset] = weight
    return basis
