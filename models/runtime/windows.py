"""A network over a volume in windows that overlap, blended by Gaussian weights.

As MONAI's ``sliding_window_inference`` does it (mode ``gaussian``), whose import takes two seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from jaxtyping import Float32

from models.detector.contract import STRIDE

Window = tuple[int, int, int]
_SIGMA = 0.25  # of a window's edge
_MIN_WEIGHT = 1e-3


def over_windows(
    shape: Window,
    window: Window,
    compute: Callable[[tuple[slice, ...]], Float32[np.ndarray, "c z y x"]],
    *,
    overlap: float,
) -> Float32[np.ndarray, "c z y x"]:
    """Blend maps at a quarter of the resolution.

    Args:
        shape: of the volume, multiples of the stride, at least the window's.
        window: multiples of the stride.
        compute: the map of a window, given by its place in the volume.
        overlap: share of a window's edge; windows begin at whole cells.
    """
    weight = _weights(window)
    total = np.zeros(tuple(n // STRIDE for n in shape), np.float32)
    blended: np.ndarray | None = None
    for place in window_places(shape, window, overlap=overlap):
        cells = tuple(slice(part.start // STRIDE, part.stop // STRIDE) for part in place)
        output = compute(place)
        if blended is None:
            blended = np.zeros((len(output), *total.shape), np.float32)
        blended[(slice(None), *cells)] += output * weight
        total[cells] += weight
    if blended is None:
        raise ValueError(f"no window in a volume of {shape}")
    blended /= total
    return blended


def window_places(shape: Window, window: Window, *, overlap: float) -> Iterator[tuple[slice, ...]]:
    """Where the windows lie; the last along an axis ends with the volume."""
    starts = []
    for length, edge in zip(shape, window, strict=True):
        step = int(edge * (1 - overlap))
        count = 1 + max(0, -(-(length - edge) // step))
        starts.append([min(k * step, length - edge) for k in range(count)])
    for corner in product(*starts):
        yield tuple(slice(at, at + edge) for at, edge in zip(corner, window, strict=True))


def _weights(window: Window) -> Float32[np.ndarray, "z y x"]:
    """Gaussian weights of a window's cells, each that of the voxel behind its middle."""
    lines = []
    for edge in window:
        x = np.arange(edge, dtype=np.float64) - (edge - 1) / 2
        lines.append(np.exp(-(x**2) / (2 * (_SIGMA * edge) ** 2)))
    corner = float(np.prod([line[0] for line in lines]))
    cells = [line[STRIDE // 2 :: STRIDE] for line in lines]
    weight = cells[0][:, None, None] * cells[1][None, :, None] * cells[2][None, None, :]
    return np.asarray(np.maximum(weight, max(corner, _MIN_WEIGHT)), np.float32)
