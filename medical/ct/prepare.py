"""A CT made ready for the networks and for training: 1 mm, upright, cropped to the lungs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32

from medical.ct.lungs import lung_mask
from medical.ct.resample import resample
from medical.ct.sides import LungSides, find_midline
from medical.ct.slabs import begin
from medical.ct.volume import CtVolume
from medical.geometry import VolumeGeometry

SPACING_MM = 1.0
MARGIN_MM = 12
_COARSE = 2  # voxels: the lungs are looked for on every second voxel of the grid


class NoLungError(ValueError):
    """The CT holds nothing that looks like lung."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A CT on its 1 mm grid, cropped to the lungs.

    Args:
        hu: Hounsfield units.
        lung: where nodules may be.
        geometry: where the voxels lie in the patient.
        slice_mm: distance between the CT's own slices, which blurs ``hu`` along z.
        sides_later: waits for left and right, where they were asked for.
    """

    hu: Float32[np.ndarray, "z y x"]
    lung: Bool[np.ndarray, "z y x"]
    geometry: VolumeGeometry
    slice_mm: float
    sides_later: Callable[[], LungSides] | None = None

    @property
    def sides(self) -> LungSides | None:
        """Left and right, where they were asked for."""
        return self.sides_later() if self.sides_later else None


def prepare(ct: CtVolume, *, with_sides: bool = False) -> Prepared:
    """Find the lungs on a coarse grid, and resample their box to 1 mm.

    Args:
        ct: the CT.
        with_sides: tell left from right too.

    Raises:
        NoLungError: there are none.
    """
    grid = ct.geometry.isotropic(SPACING_MM)
    coarse = _every_second_voxel(grid)
    coarse_hu = resample(ct.hu, ct.geometry, coarse)
    coarse_mm = _COARSE * SPACING_MM
    midline = begin(find_midline, coarse_hu, spacing_mm=coarse_mm).result
    coarse_lung = lung_mask(coarse_hu, spacing_mm=coarse_mm, midline=midline)
    if not coarse_lung.any():
        raise NoLungError("no air-filled lung was found")
    where = [np.flatnonzero(coarse_lung.any(other)) for other in ((1, 2), (0, 2), (0, 1))]
    z, y, x = (
        (
            max(0, int(w[0]) * _COARSE - MARGIN_MM),
            min(n, min(n, (int(w[-1]) + 1) * _COARSE) + MARGIN_MM),
        )
        for w, n in zip(where, grid.shape, strict=True)
    )
    box = grid.cropped((z[0], y[0], x[0]), (z[1], y[1], x[1]))
    sides = None
    if with_sides:  # single steps on one core: wanted when findings are placed, not before
        sides = begin(LungSides.of, coarse_hu, coarse_lung, coarse, midline=midline).result
    hu = resample(ct.hu, ct.geometry, box)
    lung = coarse_lung
    for axis, (low, high) in enumerate((z, y, x)):
        lung = lung.take(np.arange(low, high) // _COARSE, axis=axis)
    return Prepared(hu, lung, box, ct.geometry.spacing_mm[0], sides)


def _every_second_voxel(grid: VolumeGeometry) -> VolumeGeometry:
    z, y, x = (-(-n // _COARSE) for n in grid.shape)
    return VolumeGeometry.axial(
        shape=(z, y, x),
        spacing_mm=(_COARSE * SPACING_MM,) * 3,
        origin_lps_mm=grid.origin_lps_mm.tolist(),
    )
