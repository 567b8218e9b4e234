"""Repeatability: the same finding, seen again a little differently, must give the same map.

Seen again: the crop's grid moved by a voxel or two, and noise like another acquisition's added.

Source:
    Arun et al., Radiology: Artificial Intelligence 2021;3:e200267, in which all methods tested
    failed at least one of localisation, randomisation, repeatability and reproducibility.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from medical.explain.crop import Crop
from medical.explain.result import Explanation

SHIFT = (1, -2, 1)
NOISE_HU = 15.0
_SEED = 17


def seen_again(crop: Crop, *, shift: tuple[int, int, int] = SHIFT, seed: int = _SEED) -> Crop:
    """Shift the crop by ``shift`` voxels and add noise; the finding is the same.

    Where the moved crop leaves the old one its edge is repeated.
    """
    index = [np.clip(np.arange(n) + s, 0, n - 1) for n, s in zip(crop.hu.shape, shift, strict=True)]
    hu = crop.hu[np.ix_(*index)]
    noise = np.random.default_rng(seed).normal(0.0, NOISE_HU, hu.shape)
    stop = [s + n for s, n in zip(shift, crop.hu.shape, strict=True)]
    z, y, x = (c - s for c, s in zip(crop.center_voxel, shift, strict=True))
    return replace(
        crop,
        hu=(hu + noise).astype(np.float32),
        geometry=crop.geometry.cropped(shift, (stop[0], stop[1], stop[2])),
        center_voxel=(z, y, x),
    )


def laid_back(again: Explanation, crop: Crop) -> Explanation:
    """Lay a map of the crop seen again on the first crop's grid.

    Raises:
        ValueError: the two grids are not whole voxels apart.
    """
    exact = crop.geometry.lps_to_voxel(again.geometry.origin_lps_mm)
    shift = np.round(exact).astype(int)
    if np.abs(exact - shift).max() > 1e-3:
        raise ValueError(f"grids must be whole voxels apart, got {exact.tolist()}")
    index = [
        np.clip(np.arange(n) - s, 0, n - 1)
        for n, s in zip(again.values.shape, shift.tolist(), strict=True)
    ]
    return replace(again, values=again.values[np.ix_(*index)], crop=crop)
