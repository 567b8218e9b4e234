"""A training case: one CT as lungs on a 1 mm grid, with what is known to be in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from medical.ct.lungs import lung_mask
from medical.ct.resample import resample
from medical.ct.volume import CtVolume

SPACING_MM = 1.0
MARGIN_MM = 12


def hu_to_code(hu: Float32[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Pack HU -1024...1016 into a byte, steps of 8 HU."""
    return np.clip(np.round((hu + 1024.0) / 8.0), 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingCase:
    """One CT, ready for training.

    Args:
        name: series UID or file stem; no patient's name.
        code: ``[z, y, x]`` bytes, HU = 8 * code - 1024, 1 mm voxels, axial.
        lung: where nodules may be.
        nodules: ``[n, 4]`` centre ``(z, y, x)`` in voxels and diameter in mm.
    """

    name: str
    code: UInt8[np.ndarray, "z y x"]
    lung: Bool[np.ndarray, "z y x"]
    nodules: Float32[np.ndarray, "n 4"]

    @classmethod
    def from_ct(
        cls, ct: CtVolume, nodules_lps_mm: Float32[np.ndarray, "n 4"], *, name: str
    ) -> Self:
        """Resample to 1 mm and crop to the lungs.

        Args:
            ct: the CT as read.
            nodules_lps_mm: rows ``(x, y, z, diameter)`` in LPS millimetres.
            name: the case's name.

        Raises:
            ValueError: no lung was found.
        """
        target = ct.geometry.isotropic(SPACING_MM)
        hu = resample(ct.hu, ct.geometry, target)
        lung = lung_mask(hu)
        if not lung.any():
            raise ValueError(f"no lung found in {name}")
        where = np.argwhere(lung)
        low = np.maximum(where.min(0) - MARGIN_MM, 0)
        high = np.minimum(where.max(0) + 1 + MARGIN_MM, hu.shape)
        box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        table = np.zeros((len(nodules_lps_mm), 4), np.float32)
        if len(nodules_lps_mm):
            table[:, :3] = target.lps_to_voxel(nodules_lps_mm[:, :3]) - low
            table[:, 3] = nodules_lps_mm[:, 3]
        return cls(name, hu_to_code(hu[box]), lung[box], table)

    def save(self, path: Path) -> None:
        """Write as compressed ``.npz``."""
        np.savez_compressed(
            path, name=self.name, code=self.code, lung=np.packbits(self.lung), nodules=self.nodules
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            code = stored["code"]
            lung = np.unpackbits(stored["lung"])[: code.size].reshape(code.shape).astype(bool)
            return cls(str(stored["name"]), code, lung, stored["nodules"])
