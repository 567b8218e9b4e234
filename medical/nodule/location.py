"""Where in the lungs: side and zone, in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from medical.ct.sides import LungSides
from medical.i18n.messages import message

UNKNOWN = message("unknown")
_ZONES = {
    "left": (
        message("left lower zone"),
        message("left middle zone"),
        message("left upper zone"),
    ),
    "right": (
        message("right lower zone"),
        message("right middle zone"),
        message("right upper zone"),
    ),
    "uncertain": (
        message("side uncertain, lower zone"),
        message("side uncertain, middle zone"),
        message("side uncertain, upper zone"),
    ),
}


def side_and_zone(point_lps_mm: ArrayLike, sides: LungSides | None) -> str:
    """Name side and third of that lung's height, for example ``left upper zone``.

    Where midline and lung disagree, or the point lies on the midline between two lungs that hang
    together, it is ``side uncertain, upper zone``: the zone is then that of both lungs.

    Args:
        point_lps_mm: LPS ``(x, y, z)``.
        sides: of the chest; ``None`` where they were not looked for.
    """
    if sides is None:
        return UNKNOWN
    side = sides.side_of(point_lps_mm)
    heights = sides.heights(side)
    if heights is None:
        return UNKNOWN
    low, high = heights
    share = (float(np.asarray(point_lps_mm)[2]) - low) / max(1.0, high - low)
    return _ZONES[side][int(np.clip(share * 3, 0, 2))]
