"""Where in the lungs: side and zone, in words."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

_ZONES = ("lower", "middle", "upper")


def side_and_zone(center_voxel: Float[np.ndarray, 3], lung: Bool[np.ndarray, "z y x"]) -> str:
    """Name side and third of the lungs' height, for example ``left upper zone``.

    Args:
        center_voxel: ``(z, y, x)`` on an upright axial grid (z to the head, x to the left).
        lung: mask on that grid.
    """
    heights = np.flatnonzero(lung.any((1, 2)))
    widths = np.flatnonzero(lung.any((0, 1)))
    if len(heights) == 0:
        return "unknown"
    share = (center_voxel[0] - heights[0]) / max(1, heights[-1] - heights[0])
    zone = _ZONES[int(np.clip(share * 3, 0, 2))]
    side = "left" if center_voxel[2] > (widths[0] + widths[-1]) / 2 else "right"
    return f"{side} {zone} zone"
