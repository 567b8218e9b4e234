"""What the second stage sees of candidates: cut out of the CT at two scales, and mirrored."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from models.detector.crops import crop_around
from models.detector.normalise import normalise
from models.detector.refiner import CONTEXT_FACTOR, CROP, near_extent_mm


class Crops(NamedTuple):
    """What the second stage sees of ``n`` candidates."""

    near: Tensor  # [n, 1, 32, 32, 32] normalised
    context: Tensor  # [n, 1, 32, 32, 32]
    extents_mm: Tensor  # [n] edge of the near crop

    def mirrored(self, axes: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
        """Mirror the crops."""
        if not axes:
            return self.near, self.context, self.extents_mm
        near, context = (crop.flip(axes).contiguous() for crop in (self.near, self.context))
        return near, context, self.extents_mm

    def only(self, kept: Int[np.ndarray, " m"]) -> Crops:
        """Those at some indices."""
        return Crops(*(part[torch.from_numpy(kept)] for part in self))


def cut(
    hu: Float32[np.ndarray, "z y x"],
    centers_voxel: Float[np.ndarray, "n 3"],
    diameters_mm: Float[np.ndarray, " n"],
) -> Crops:
    """Cut candidates out at both scales, at least one.

    Args:
        hu: on a 1 mm grid.
        centers_voxel: candidates on that grid.
        diameters_mm: first-stage diameters.
    """
    volume = normalise(torch.from_numpy(hu))[None, None]
    centers = torch.from_numpy(np.ascontiguousarray(centers_voxel)).float()
    extents = near_extent_mm(torch.from_numpy(np.ascontiguousarray(diameters_mm)).float())
    near = crop_around(volume, centers, extents, size=CROP)
    context = crop_around(volume, centers, extents * CONTEXT_FACTOR, size=CROP)
    return Crops(near, context, extents)
