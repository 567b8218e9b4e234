"""A nodule's outline: the mask that it was measured on, and where that lies in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike
from scipy import ndimage

from medical.geometry import VolumeGeometry

_INSIDE = 0.5  # of the linearly interpolated mask


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """The mask of one finding.

    Args:
        finding_id: the finding's number.
        mask: ``[z, y, x]``; nothing of it is set where the model outlined nothing.
        geometry: of ``mask``.

    Raises:
        ValueError: shapes disagree.
    """

    finding_id: int
    mask: Bool[np.ndarray, "z y x"]
    geometry: VolumeGeometry

    def __post_init__(self) -> None:
        if self.mask.shape != self.geometry.shape:
            raise ValueError(
                f"mask is {self.mask.shape} but the geometry says {self.geometry.shape}"
            )

    @property
    def volume_mm3(self) -> float:
        """Of the mask itself, not corrected by any calibration."""
        return float(self.mask.sum()) * self.geometry.voxel_volume_mm3

    def holds(self, points_lps_mm: ArrayLike) -> Bool[np.ndarray, "*n"]:
        """Whether points ``[..., 3]``, LPS millimetres, lie inside, the mask interpolated."""
        voxels = np.moveaxis(self.geometry.lps_to_voxel(points_lps_mm), -1, 0)
        sampled = ndimage.map_coordinates(
            self.mask.astype(np.float32), voxels, order=1, mode="constant", cval=0.0
        )
        return np.asarray(sampled >= _INSIDE)

    def box_lps_mm(self) -> tuple[Float[np.ndarray, 3], Float[np.ndarray, 3]] | None:
        """Lowest and highest corner of what is set, half a voxel beyond; ``None`` if nothing is."""
        where = np.argwhere(self.mask)
        if len(where) == 0:
            return None
        low, high = where.min(0) - 0.5, where.max(0) + 0.5
        grid = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), axis=-1)
        corners = self.geometry.voxel_to_lps(grid.reshape(-1, 3))
        return corners.min(0), corners.max(0)
