"""A chest small enough to be scored in a few seconds: two lungs of air, one ball in the right."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np


def write_small_chest(path: Path, *, seed: int) -> None:
    """Write a NIfTI of 96 x 144 x 144 mm."""
    rng = np.random.default_rng(seed)
    z, y, x = (
        axis * 2.0 - half for axis, half in zip(np.ogrid[:48, :72, :72], (48, 72, 72), strict=True)
    )
    hu = np.full((48, 72, 72), -1000, np.float32)
    hu[np.broadcast_to((x / 70) ** 2 + (y / 55) ** 2 < 1, hu.shape)] = 40
    for side in (-32, 32):
        hu[((x - side) / 26) ** 2 + (y / 42) ** 2 + (z / 44) ** 2 < 1] = -850
    hu[(x + 32) ** 2 + (y - 5) ** 2 + (z + seed) ** 2 < 36] = 50
    hu += rng.normal(0, 20, hu.shape)
    affine = np.diag([-2.0, -2.0, 2.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(hu.T.astype(np.int16), affine), path)
