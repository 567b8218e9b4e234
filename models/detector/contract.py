"""What the networks take and give, in numbers: known to whoever runs them, with torch or without.

The first stage takes ``[b, 1, z, y, x]`` on a 1 mm grid, normalised, each edge a multiple of
``MULTIPLE``, and gives ``[b, 6, z/4, y/4, x/4]``: heat logit, offset z, y, x (cells, from the
cell's centre), ln(diameter / mm), attention logit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    Array = TypeVar("Array", Tensor, np.ndarray)

STRIDE = 4
MULTIPLE = 16
HEAT, OFFSET, LOG_DIAMETER, ATTENTION = 0, slice(1, 4), 4, 5
CHANNELS_OUT = 6

LOW_HU = -1024.0
HIGH_HU = 1016.0  # 255 steps of 8 HU: what a training case's byte can hold

CROP = 32
"""Edge of the crops that the refinement stage sees, voxels."""
NEAR_MIN_MM = 24.0
NEAR_MAX_MM = 96.0
CONTEXT_FACTOR = 2.5
DENSITIES = ("solid", "part-solid", "ground-glass", "calcified")


_FORMER_NAMES = {"own_judge": "own_classifier"}  # of version 0.5 and earlier


def current_names(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored configuration of the refiner by the names of today."""
    return {_FORMER_NAMES.get(name, name): value for name, value in stored.items()}


def near_extent_mm(diameter_mm: Array) -> Array:
    """Edge of the near crop for a candidate's diameter: twice it, within [24, 96] mm."""
    return (2.0 * diameter_mm).clip(NEAR_MIN_MM, NEAR_MAX_MM)
