"""What the first stage sees of a CT at once: the lungs' box, at edges that fit its strides."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from models.detector.contract import MULTIPLE, STRIDE
from models.runtime.windows import Window

MAX_BOX_VOXELS = 28_000_000
"""Of the lungs' box in one pass, 300 x 350 x 266 mm; what is larger is cut along its height."""
SMALLEST_BOX = (64, 64, 64)
"""What strides and neighbourhoods of a network need."""
MIN_MARGIN_VOXEL = 8
"""Between lung and the edge of what is seen: a nodule on the lungs' last voxel is lost with 7."""
_LUNG_VOXEL = 2  # of the grid that lungs are found on


def trim_margins(lung: Bool[np.ndarray, "z y x"]) -> tuple[slice, ...]:
    """Leave away of the margins around the lungs what keeps an edge from fitting the strides.

    Strides need multiples of 16, and repeating an edge up to the next one costs a tenth of all
    arithmetic. What is seen begins a whole number of output cells later: where their grid lies
    decides on weak candidates. An axis whose margins do not hold enough stays whole.

    Args:
        lung: in the box that was cut out around it.
    """
    every = slice(None, None, _LUNG_VOXEL)
    lines = (lung[:, every, every], lung[every, :, every], lung[every, every])
    return tuple(
        _trim(np.asarray(line.any(tuple({0, 1, 2} - {axis}))), least=least)
        for axis, (line, least) in enumerate(zip(lines, SMALLEST_BOX, strict=True))
    )


def _trim(has_lung: Bool[np.ndarray, " n"], *, least: int) -> slice:
    length, there = len(has_lung), np.flatnonzero(has_lung)
    surplus = length % MULTIPLE
    if surplus == 0 or length - surplus < least or len(there) == 0:
        return slice(0, length)
    before = max(0, int(there[0]) - MIN_MARGIN_VOXEL)
    behind = max(0, length - 1 - int(there[-1]) - MIN_MARGIN_VOXEL)
    start = -(-max(0, surplus - behind) // STRIDE) * STRIDE
    if start > min(before, surplus):
        return slice(0, length)
    return slice(start, length - (surplus - start))


def box_window(shape: Window) -> Window:
    """Choose what is seen of a box at once: all of it, or as much of its height as fits memory."""
    z, y, x = (max(least, n + -n % MULTIPLE) for n, least in zip(shape, SMALLEST_BOX, strict=True))
    highest = max(SMALLEST_BOX[0], MAX_BOX_VOXELS // (y * x) // MULTIPLE * MULTIPLE)
    return min(z, highest), y, x
