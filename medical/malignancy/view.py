"""What StarNet is shown of a nodule: the second stage's near crop and outline, made alike.

LIDC's nodules, on which it was taught, come with hardly anything above and below them. What lies
beyond a slice from the outline is therefore covered by repeating the last slice, in training as in
use: what a network was not taught on it must not see.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32

from medical.malignancy.measures import measure
from models.detector.contract import CROP, HIGH_HU, LOW_HU

MARGIN_MM = 1.25


class View(NamedTuple):
    """One nodule as StarNet sees it."""

    crop: Float32[np.ndarray, "32 32 32"]  # normalised
    mask: Bool[np.ndarray, "32 32 32"]
    measures: Float[np.ndarray, " m"]  # in the order of ``measures.NAMES``


def view_of(
    crop: Float32[np.ndarray, "32 32 32"],
    mask: Bool[np.ndarray, "32 32 32"],
    *,
    extent_mm: float,
    margin_mm: float = MARGIN_MM,
) -> View:
    """Cover what lies above and below, and measure.

    Args:
        crop: normalised, the second stage's.
        mask: the outline on it.
        extent_mm: edge of the crop.
        margin_mm: what is kept above and below the outline.
    """
    voxel_mm = extent_mm / CROP
    rows = np.flatnonzero(mask.any((1, 2)))
    if len(rows):
        margin = round(margin_mm / voxel_mm)
        low, high = max(int(rows[0]) - margin, 0), min(int(rows[-1]) + margin, CROP - 1)
        crop = crop[np.clip(np.arange(CROP), low, high)]
    hu = (crop.astype(np.float64) + 1) * (HIGH_HU - LOW_HU) / 2 + LOW_HU
    return View(crop, mask, measure(hu, mask, voxel_mm=voxel_mm))


def as_arrays(
    views: Sequence[View],
) -> tuple[
    Float32[np.ndarray, "n 1 32 32 32"],
    Float32[np.ndarray, "n 1 32 32 32"],
    Float32[np.ndarray, "n m"],
]:
    """Stack crops, outlines and measures as ``models.starnet.trunk.Trunk`` wants them."""
    crops = np.stack([view.crop for view in views]).astype(np.float32)[:, None]
    masks = np.stack([view.mask for view in views]).astype(np.float32)[:, None]
    return crops, masks, np.stack([view.measures for view in views]).astype(np.float32)
