"""What the first stage sees of a CT at once: the lungs' box, at edges that fit its strides."""

from __future__ import annotations

from models.detector.contract import MULTIPLE
from models.runtime.windows import Window

MAX_BOX_VOXELS = 28_000_000
"""Of the lungs' box in one pass, 300 x 350 x 266 mm; what is larger is cut along its height."""
SMALLEST_BOX = (64, 64, 64)
"""What strides and neighbourhoods of a network need."""


def box_window(shape: Window) -> Window:
    """Choose what is seen of a box at once: all of it, or as much of its height as fits memory."""
    z, y, x = (max(least, n + -n % MULTIPLE) for n, least in zip(shape, SMALLEST_BOX, strict=True))
    highest = max(SMALLEST_BOX[0], MAX_BOX_VOXELS // (y * x) // MULTIPLE * MULTIPLE)
    return min(z, highest), y, x
