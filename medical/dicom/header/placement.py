"""Position, orientation and pixel spacing of one plane, checked (DICOM PS3.3 C.7.6.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from medical.dicom.header import tags
from medical.dicom.header.frames import Placement, Vector3

MAX_COORDINATE_MM = 1e5
SPACING_RANGE_MM = (0.01, 50.0)
MAX_SKEW = 0.02  # cosine between row and column direction: about 1 degree


def placement(
    *, position: Dataset | None, orientation: Dataset | None, measures: Dataset | None
) -> Placement | None:
    """Read the plane's place from the three data sets that hold it; ``None`` when it has none.

    Directions that are a little off unit length or off square (rounded by an exporter) are made
    orthonormal; anything worse counts as missing.
    """
    if position is None or orientation is None or measures is None:
        return None
    point = tags.numbers(position, "ImagePositionPatient")
    cosines = tags.numbers(orientation, "ImageOrientationPatient")
    spacing = tags.numbers(measures, "PixelSpacing")
    if len(point) != 3 or len(cosines) != 6 or len(spacing) != 2:
        return None
    if max(abs(part) for part in point) > MAX_COORDINATE_MM:
        return None
    low, high = SPACING_RANGE_MM
    if not all(low <= part <= high for part in spacing):
        return None
    directions = _orthonormal(np.array(cosines[:3]), np.array(cosines[3:]))
    if directions is None:
        return None
    return Placement(_vector(np.array(point)), *directions, spacing[0], spacing[1])


def _orthonormal(
    row: NDArray[np.float64], column: NDArray[np.float64]
) -> tuple[Vector3, Vector3] | None:
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if not all(0.9 < length < 1.1 for length in lengths):
        return None
    row, column = row / lengths[0], column / lengths[1]
    skew = float(row @ column)
    if abs(skew) > MAX_SKEW:
        return None
    if abs(skew) > 1e-12:
        column = column - skew * row
        column /= np.linalg.norm(column)
    return _vector(row), _vector(column)


def _vector(values: NDArray[np.float64]) -> Vector3:
    x, y, z = (float(part) for part in values)
    return x, y, z
