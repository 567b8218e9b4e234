"""The cheapest CT that shows lungs: two boxes of air in a block of tissue, a ball in one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK

from medical.ct.volume import CtVolume, SeriesSource
from medical.geometry import VolumeGeometry

SHAPE, SPACING_MM = (34, 60, 76), (3.0, 2.5, 2.5)
BALL_AT_MM, BALL_MM = (51.0, 75.0, 55.0), 14.0  # centre (z, y, x) from the first voxel, diameter


def box_ct(seed: int) -> CtVolume:
    """100 mm of a small chest; ``seed`` is of the noise, deviation 20 HU."""
    hu = np.full(SHAPE, 40.0)
    hu[3:-3, 12:-12, 10:35] = hu[3:-3, 12:-12, 41:-10] = -860.0
    axes = np.ogrid[tuple(slice(n) for n in SHAPE)]
    away = sum(
        (axis * mm - at) ** 2 for axis, mm, at in zip(axes, SPACING_MM, BALL_AT_MM, strict=True)
    )
    hu[np.sqrt(away) < BALL_MM / 2] = 30.0
    hu[:, :6] = hu[:, -6:] = hu[:, :, :4] = hu[:, :, -4:] = -1000.0
    hu += np.random.default_rng(seed).normal(0, 20, SHAPE)
    geometry = VolumeGeometry.axial(
        shape=SHAPE, spacing_mm=SPACING_MM, origin_lps_mm=(0.0, 0.0, 0.0)
    )
    return CtVolume(hu.round().astype(np.int16), geometry, SeriesSource(f"box{seed}"))


def write_boxes(folder: Path, *, count: int) -> None:
    """Write ``box<seed>.mhd`` for seeds 1 to ``count``, one patient each."""
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(1, count + 1):
        image = SimpleITK.GetImageFromArray(box_ct(seed).hu)
        image.SetSpacing(SPACING_MM[::-1])
        SimpleITK.WriteImage(image, str(folder / f"box{seed}.mhd"))
