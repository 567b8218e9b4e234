"""A chest of ellipses, 2 mm voxels: body, spine with ribs, two lungs with vessels."""

from __future__ import annotations

import numpy as np

from medical.geometry import VolumeGeometry

SHAPE = (70, 110, 160)
SPACING_MM = 2.0
AIR_HU, LUNG_HU, TISSUE_HU, BONE_HU = -1000.0, -850.0, 30.0, 500.0
GEOMETRY = VolumeGeometry.axial(
    shape=SHAPE, spacing_mm=(SPACING_MM,) * 3, origin_lps_mm=(-160.0, -110.0, 0.0)
)
MIDDLE, LEFT, RIGHT = 80, 115, 45  # x, voxels


def make_chest(*, spine: bool = True) -> np.ndarray:
    """HU, ``[z, y, x]``; the lungs end 6 mm before the first and the last slice."""
    z, y, x = np.indices(SHAPE)
    hu = np.full(SHAPE, AIR_HU, np.float32)
    hu[((y - 55) / 45) ** 2 + ((x - MIDDLE) / 72) ** 2 < 1] = TISSUE_HU
    for middle in (LEFT, RIGHT):
        hu[lung_at(middle)] = LUNG_HU
    hu[(lung_at(LEFT) | lung_at(RIGHT)) & (x % 9 == 0) & (y % 9 == 0)] = TISSUE_HU
    if spine:
        hu[(y - 88) ** 2 + (x - MIDDLE) ** 2 < 9**2] = BONE_HU
        for side in (-1, 1):  # ribs: they wander outwards with height
            hu[(np.abs(x - MIDDLE - side * (25 + z % 20)) < 4) & (np.abs(y - 90) < 3)] = BONE_HU
    hu += np.random.default_rng(0).normal(0, 15, SHAPE).astype(np.float32)
    return hu


def lung_at(middle: int) -> np.ndarray:
    """Where the lung around one x is."""
    z, y, x = np.indices(SHAPE)
    inside = ((y - 52) / 32) ** 2 + ((x - middle) / 27) ** 2 < 1
    return np.asarray(inside & (z >= 3) & (z < SHAPE[0] - 3))


def point(x: float, *, z: float = 35, y: float = 52) -> np.ndarray:
    """LPS of a voxel."""
    return GEOMETRY.voxel_to_lps((z, y, x))
