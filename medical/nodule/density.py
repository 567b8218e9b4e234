"""Solid, part-solid, ground-glass, calcified, or with air inside: from the HU within the outline.

The refiner's own guess of the density is not used: on real nodules it calls nine of ten part-solid
ones solid. The limits below were chosen on one half of the patients of 902 real LIDC nodules and
measured on the other (``docs/benchmarks/density.md``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from medical.nodule.density_kinds import Density
from medical.nodule.guidelines.rules import require_positive

SOLID_HU = -300.0
AIR_HU = -900.0
_MIN_CORE_VOXELS = 8


@dataclass(frozen=True, slots=True)
class DensityLimits:
    """Where one density ends and the next begins.

    Args:
        air_share: of the filled outline's core below -900 HU, from which there is air inside.
        calcified_hu: of the core's 90th percentile, from which it is calcified.
        ground_glass_hu: of the core's median, below which it is ground-glass,
        solid_mm3: where it has no connected solid part of this volume either.
        solid_share: of the core above -300 HU, from which it is solid; else part-solid.
    """

    air_share: float
    calcified_hu: float
    ground_glass_hu: float
    solid_mm3: float
    solid_share: float


LIMITS = DensityLimits(
    air_share=0.15, calcified_hu=320.0, ground_glass_hu=-400.0, solid_mm3=65.0, solid_share=0.5
)


@dataclass(frozen=True, slots=True)
class CoreHu:
    """What the inside of an outline looks like; its rim is half lung and is left out.

    Args:
        median_hu: of the core.
        p90_hu: 90th percentile of the core.
        solid_share: of the core above -300 HU.
        solid_mm3: volume of the largest connected part of the core above -300 HU.
        air_share: of the core of the filled outline below -900 HU.
    """

    median_hu: float
    p90_hu: float
    solid_share: float
    solid_mm3: float
    air_share: float


def core_hu(
    hu: Float[np.ndarray, "z y x"], mask: Bool[np.ndarray, "z y x"], *, voxel_mm: float
) -> CoreHu:
    """Look inside an outline.

    Args:
        hu: Hounsfield units on cubic voxels.
        mask: the outline, at least one voxel.
        voxel_mm: edge of a voxel, > 0.

    Raises:
        ValueError: the outline is empty, or the voxel has no size.
    """
    require_positive(voxel_mm=voxel_mm)
    if not mask.any():
        raise ValueError("an empty outline has no density")
    core = _core(mask)
    inside = hu[core]
    parts, count = ndimage.label(core & (hu > SOLID_HU))
    largest = int(np.bincount(parts.ravel())[1:].max()) if count else 0
    filled = hu[_core(_filled(mask))]
    return CoreHu(
        float(np.median(inside)),
        float(np.percentile(inside, 90)),
        float((inside > SOLID_HU).mean()),
        largest * voxel_mm**3,
        float((filled < AIR_HU).mean()),
    )


def density_of(core: CoreHu, limits: DensityLimits = LIMITS) -> Density:
    """Name the density of what an outline holds."""
    if core.air_share >= limits.air_share:
        return "cavitary"
    if core.p90_hu >= limits.calcified_hu:
        return "calcified"
    if core.median_hu < limits.ground_glass_hu and core.solid_mm3 < limits.solid_mm3:
        return "ground-glass"
    return "solid" if core.solid_share >= limits.solid_share else "part-solid"


def _core(mask: Bool[np.ndarray, "z y x"]) -> Bool[np.ndarray, "z y x"]:
    core = ndimage.binary_erosion(mask)
    return np.asarray(core if core.sum() >= _MIN_CORE_VOXELS else mask)


def _filled(mask: Bool[np.ndarray, "z y x"]) -> Bool[np.ndarray, "z y x"]:
    """Fill the outline's holes, closed in each axial slice: a ring's slice is a disc."""
    return np.stack([ndimage.binary_fill_holes(plane) for plane in mask])
