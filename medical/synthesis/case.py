"""A training case: one CT as lungs on a 1 mm grid, with what is known to be in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from medical.ct.prepare import Prepared, prepare
from medical.ct.volume import CtVolume


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
        ignore_regions: ``[m, 4]`` the same of what nobody judged and may be a nodule: neither
            taught nor counted as a false positive.
        rejected: ``[k, 4]`` the same of what a reader looked at and called no nodule.
        slice_mm: distance between the CT's own slices: what is set into the case must be as blurred
            along z as slices so far apart leave it.
    """

    name: str
    code: UInt8[np.ndarray, "z y x"]
    lung: Bool[np.ndarray, "z y x"]
    nodules: Float32[np.ndarray, "n 4"]
    ignore_regions: Float32[np.ndarray, "m 4"] = field(
        default_factory=lambda: np.zeros((0, 4), np.float32)
    )
    rejected: Float32[np.ndarray, "k 4"] = field(
        default_factory=lambda: np.zeros((0, 4), np.float32)
    )
    slice_mm: float = 1.0

    @classmethod
    def from_ct(
        cls,
        ct: CtVolume,
        nodules_lps_mm: Float32[np.ndarray, "n 4"],
        *,
        name: str,
        ignore_lps_mm: Float32[np.ndarray, "m 4"] | None = None,
        rejected_lps_mm: Float32[np.ndarray, "k 4"] | None = None,
    ) -> Self:
        """Resample to 1 mm and crop to the lungs.

        Args:
            ct: the CT as read.
            nodules_lps_mm: rows ``(x, y, z, diameter)`` in LPS millimetres.
            name: the case's name.
            ignore_lps_mm: the same of what may be a nodule.
            rejected_lps_mm: the same of what a reader called no nodule.

        Raises:
            NoLungError: the CT shows no lung.
        """
        prepared = prepare(ct)
        case = cls.from_prepared(
            prepared, nodules_lps_mm, name=name, rejected_lps_mm=rejected_lps_mm
        )
        if ignore_lps_mm is None:
            return case
        return replace(case, ignore_regions=_in_voxels(ignore_lps_mm, prepared))

    @classmethod
    def from_prepared(
        cls,
        prepared: Prepared,
        nodules_lps_mm: Float32[np.ndarray, "n 4"],
        *,
        name: str,
        rejected_lps_mm: Float32[np.ndarray, "k 4"] | None = None,
    ) -> Self:
        """Make the same of what ``medical.ct.prepare`` made of the CT."""
        if rejected_lps_mm is not None:
            case = cls.from_prepared(prepared, nodules_lps_mm, name=name)
            return replace(case, rejected=_in_voxels(rejected_lps_mm, prepared))
        nodules = _in_voxels(nodules_lps_mm, prepared)
        code = hu_to_code(prepared.hu)
        return cls(name, code, prepared.lung, nodules, slice_mm=prepared.slice_mm)

    @property
    def hu(self) -> Float32[np.ndarray, "z y x"]:
        """Hounsfield units of the bytes."""
        return self.code.astype(np.float32) * 8 - 1024

    def save(self, path: Path) -> None:
        """Write as compressed ``.npz``."""
        np.savez_compressed(
            path,
            name=self.name,
            code=self.code,
            lung=np.packbits(self.lung),
            nodules=self.nodules,
            doubtful=self.ignore_regions,  # the file's name for them
            rejected=self.rejected,
            slice_mm=self.slice_mm,
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            code = stored["code"]
            lung = np.unpackbits(stored["lung"])[: code.size].reshape(code.shape).astype(bool)
            return cls(
                str(stored["name"]),
                code,
                lung,
                stored["nodules"],
                ignore_regions=stored["doubtful"],
                rejected=stored["rejected"],
                slice_mm=float(stored["slice_mm"]),
            )


def _in_voxels(
    rows_lps_mm: Float32[np.ndarray, "n 4"], prepared: Prepared
) -> Float32[np.ndarray, "n 4"]:
    table = rows_lps_mm.astype(np.float32).reshape(-1, 4)
    table[:, :3] = prepared.geometry.lps_to_voxel(rows_lps_mm.reshape(-1, 4)[:, :3])
    return table
