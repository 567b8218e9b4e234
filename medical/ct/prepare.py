"""A CT made ready for the networks and for training: 1 mm, upright, cropped to the lungs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32

from medical.ct.lungs import lung_mask
from medical.ct.resample import resample
from medical.ct.sides import LungSides
from medical.ct.volume import CtVolume
from medical.geometry import VolumeGeometry

SPACING_MM = 1.0
MARGIN_MM = 12


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
        sides: left and right, where they were asked for.
    """

    hu: Float32[np.ndarray, "z y x"]
    lung: Bool[np.ndarray, "z y x"]
    geometry: VolumeGeometry
    slice_mm: float
    sides: LungSides | None = None


def prepare(ct: CtVolume, *, with_sides: bool = False) -> Prepared:
    """Resample to 1 mm, find the lungs, crop to them.

    Args:
        ct: the CT.
        with_sides: tell left from right too.

    Raises:
        NoLungError: there are none.
    """
    grid = ct.geometry.isotropic(SPACING_MM)
    hu = resample(ct.hu, ct.geometry, grid)
    lung = lung_mask(hu)
    if not lung.any():
        raise NoLungError("no air-filled lung was found")
    where = [np.flatnonzero(lung.any(other)) for other in ((1, 2), (0, 2), (0, 1))]
    low = [max(0, int(w[0]) - MARGIN_MM) for w in where]
    high = [min(n, int(w[-1]) + 1 + MARGIN_MM) for w, n in zip(where, hu.shape, strict=True)]
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    start, stop = (low[0], low[1], low[2]), (high[0], high[1], high[2])
    return Prepared(
        np.ascontiguousarray(hu[box]),
        lung[box],
        grid.cropped(start, stop),
        slice_mm=ct.geometry.spacing_mm[0],
        sides=LungSides.of(hu, lung, grid) if with_sides else None,
    )
