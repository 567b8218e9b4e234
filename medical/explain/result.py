"""What every method returns: a map over the crop, with the HU it belongs to and where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from numpy.typing import ArrayLike

from medical.ct.write_nifti import write_nifti
from medical.explain.crop import Crop
from medical.explain.subject import Target, column
from medical.geometry import VolumeGeometry


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """How much each voxel speaks for one finding.

    Args:
        values: ``[z, y, x]`` from 0 to 1, 1 at the strongest voxel; all 0 where the method found
            nothing.
        crop: the HU that were explained, on the same grid, and their place in the patient.
        method: its name, as tables and files show it.
        target: which of the finding's numbers was explained.

    Raises:
        ValueError: shapes disagree, or a value is not finite or outside 0 to 1.
    """

    values: Float32[np.ndarray, "z y x"]
    crop: Crop
    method: str
    target: Target = "class"

    def __post_init__(self) -> None:
        column(self.target)
        if self.values.shape != self.crop.hu.shape:
            raise ValueError(f"map is {self.values.shape} but the crop is {self.crop.hu.shape}")
        low, high = float(self.values.min()), float(self.values.max())
        if not (low >= 0 and high <= 1):
            raise ValueError(f"values must lie from 0 to 1, got {low} to {high}")

    @classmethod
    def scaled(
        cls, values: ArrayLike, crop: Crop, *, method: str, target: Target = "class"
    ) -> Explanation:
        """Drop what speaks against the finding, and scale the strongest voxel to 1.

        Raises:
            ValueError: a value is not finite.
        """
        raw = np.asarray(values, dtype=np.float64)
        if not np.isfinite(raw).all():
            raise ValueError(f"{method} gave values that are not finite")
        positive = np.maximum(raw, 0.0)
        top = positive.max()
        unit = positive / top if top > 0 else positive
        return cls(np.minimum(unit, 1.0).astype(np.float32), crop, method, target)

    @property
    def geometry(self) -> VolumeGeometry:
        """Where the map lies in the patient."""
        return self.crop.geometry

    @property
    def peak_voxel(self) -> tuple[int, int, int]:
        """(z, y, x) of the strongest voxel."""
        z, y, x = np.unravel_index(int(self.values.argmax()), self.values.shape)
        return int(z), int(y), int(x)

    def write_nifti(self, path: Path) -> None:
        """Write as NIfTI, float32, RAS millimetres as the format asks."""
        description = f"{self.method}, {self.target}; research use only"
        write_nifti(self.values, self.geometry, path, description=description)
