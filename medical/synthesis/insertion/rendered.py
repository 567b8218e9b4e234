"""Things drawn to be set into lung, and how large they are."""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor

BOX = 56  # voxels of 1 mm: room for things of up to 32 mm
_ROOM = 1.68  # how much longer than the ball of their volume things are
UNKNOWN = -1  # density of a real cube: nobody rated it


class Rendered(NamedTuple):
    """``m`` things, each in a box of its own."""

    alpha: Tensor  # [m, 1, box, box, box] how much of the thing a voxel of lung shows
    core: Tensor  # [m, 1, box, box, box] the same of what is not lung: at most alpha
    hu: Tensor  # [m, 1, box, box, box]
    mask: Tensor  # [m, 1, box, box, box] bool
    replace: Tensor  # [m] bool: a real cube replaces; a shape only brightens
    density: Tensor  # [m]
    is_nodule: Tensor  # [m] bool


def ball_diameter(voxels: Tensor) -> Tensor:
    """Diameter of the ball of so many voxels."""
    return (voxels.float() * (6 / math.pi)).pow(1 / 3)


def box_for(largest_mm: float) -> int:
    """Edge of a box for things up to ``largest_mm``, voxels of 1 mm; at least ``BOX``."""
    return max(BOX, 8 * math.ceil(_ROOM * largest_mm / 8))
