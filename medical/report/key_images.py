"""The pictures of a report: each finding in its axial slice, whole and close."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from medical.ct.resample import resample
from medical.ct.volume import CtVolume
from medical.geometry import VolumeGeometry

LUNG_WINDOW_HU = (-1350.0, 150.0)
WHOLE_MM = 360
CLOSE_MM = 60
_WHOLE_STEP_MM = 1.0
_CLOSE_STEP_MM = 0.25

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class KeyImage:
    """An axial picture round a point; the patient's right is on its left, the front on top.

    Args:
        hu: ``[y, x]`` Hounsfield units.
        edge_mm: edge of the square.
        center_mm: ``(x, y)`` of the finding from the picture's left top corner.
    """

    hu: Float32[np.ndarray, "y x"]
    edge_mm: float
    center_mm: tuple[float, float]


def whole_slice(ct: CtVolume, point_lps_mm: Point) -> KeyImage:
    """Cut the slice through a point, centred on the images rather than on the point."""
    middle = ct.geometry.voxel_to_lps((np.array(ct.geometry.shape) - 1) / 2)
    centre = (float(middle[0]), float(middle[1]), point_lps_mm[2])
    image = _axial(ct, centre, edge_mm=WHOLE_MM, step_mm=_WHOLE_STEP_MM)
    shift = (point_lps_mm[0] - centre[0], point_lps_mm[1] - centre[1])
    place = (WHOLE_MM / 2 + shift[0], WHOLE_MM / 2 + shift[1])
    return KeyImage(image, WHOLE_MM, place)


def close_up(ct: CtVolume, point_lps_mm: Point) -> KeyImage:
    """Cut a square of 60 mm round a point."""
    image = _axial(ct, point_lps_mm, edge_mm=CLOSE_MM, step_mm=_CLOSE_STEP_MM)
    return KeyImage(image, CLOSE_MM, (CLOSE_MM / 2, CLOSE_MM / 2))


def _axial(
    ct: CtVolume, centre: Point, *, edge_mm: float, step_mm: float
) -> Float32[np.ndarray, "y x"]:
    count = round(edge_mm / step_mm)
    half = (count - 1) / 2 * step_mm
    grid = VolumeGeometry.axial(
        shape=(1, count, count),
        spacing_mm=(1.0, step_mm, step_mm),
        origin_lps_mm=(centre[0] - half, centre[1] - half, centre[2]),
    )
    return np.asarray(resample(ct.hu, ct.geometry, grid)[0])
