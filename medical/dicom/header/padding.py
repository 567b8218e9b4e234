"""Pixel padding: stored values that mean "nothing was measured here" become air.

Source: DICOM PS3.3 C.7.5.1.1.2, Pixel Padding Value and Pixel Padding Range Limit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Int16
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from scipy import ndimage

from medical.dicom.header import tags

AIR_HU = -1024
TISSUE_HU = (-980, 3000)
SURROUND_RADIUS = 0.93
SURROUND_SHARE = 0.02


def padding_range(dataset: Dataset) -> tuple[int, int] | None:
    """First and last stored padding value, as the decoded pixels will show it.

    Files often write the value with the wrong sign type: 63536 for -2000 in signed pixels.
    """
    first = tags.whole(dataset, "PixelPaddingValue")
    if first is None:
        return None
    last = tags.whole(dataset, "PixelPaddingRangeLimit")
    bits = tags.whole(dataset, "BitsAllocated") or 16
    signed = tags.whole(dataset, "PixelRepresentation") == 1
    ends = [_as_stored(end, bits, signed) for end in (first, first if last is None else last)]
    return min(ends), max(ends)


def _as_stored(number: int, bits: int, signed: bool) -> int:
    if signed and number >= 1 << (bits - 1):
        return number - (1 << bits)
    if not signed and number < 0:
        return number + (1 << bits)
    return number


def padded(
    stored: NDArray[Any], padding: tuple[int, int], *, slope: float, intercept: float
) -> Bool[np.ndarray, "y x"]:
    """Which pixels are padding.

    Some converters name a padding value that tissue has too (0 where 0 is water). There only
    areas that reach the image's edge count, so that no hole is torn into the patient.
    """
    mask = np.asarray((stored >= padding[0]) & (stored <= padding[1]))
    hu = sorted(end * slope + intercept for end in padding)
    if hu[1] <= TISSUE_HU[0] or hu[0] >= TISSUE_HU[1] or not mask.any():
        return mask
    labels, _ = ndimage.label(mask)
    edge = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    corners = labels[[0, 0, -1, -1], [0, -1, 0, -1]]
    # a body that is cut by the edge also reaches it: at least one corner must be padding
    touching = np.unique(edge[edge > 0]) if (corners > 0).any() else np.array([], dtype=int)
    return np.asarray(np.isin(labels, touching))


def clear_surround(hu: Int16[np.ndarray, "z y x"]) -> Int16[np.ndarray, "z y x"]:
    """Make air of a constant that fills the corners: nothing was measured there.

    Resampling leaves its default value outside of the scan circle, 0 HU often, which is water. Only
    what hangs together with all four corners, has one value to the unit and lies outside of the
    circle that the image holds counts; a body never does.
    """
    high, wide = hu.shape[1:]
    y, x = np.ogrid[:high, :wide]
    radius = min(high, wide) / 2 * SURROUND_RADIUS
    inside = (y - (high - 1) / 2) ** 2 + (x - (wide - 1) / 2) ** 2 < radius**2
    result = hu
    for z, plane in enumerate(hu):
        corners = plane[[0, 0, -1, -1], [0, -1, 0, -1]]
        if corners.min() != corners.max() or corners[0] <= TISSUE_HU[0]:
            continue
        labels, _ = ndimage.label(plane == corners[0])
        outer = np.isin(labels, np.unique(labels[[0, 0, -1, -1], [0, -1, 0, -1]]))
        if (outer & inside).any() or outer.mean() < SURROUND_SHARE:
            continue
        if result is hu:
            result = hu.copy()
        result[z][outer] = AIR_HU
    return result
