"""Lesions from DICOM RTSTRUCT (PS3.3 A.19): one for each region of interest that is a target.

A region drawn for radiotherapy is a gross tumour volume (GTV), a margin around it (CTV, PTV) or an
organ: only the first is a lesion. Where the type is not given, the region's name must say so.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pydicom
from jaxtyping import Float
from pydicom.dataset import Dataset

from medical.dicom.tags import items, number, numbers, text
from medical.errors import InputError
from medical.retraining.sources.lesion import Lesion, diameter_of_points

STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
_LESION_TYPES = {"GTV"}
_LESION_NAMES = re.compile(r"gtv|nodul|lesion|tumou?r|mass|neoplasm", re.IGNORECASE)
_REMEDY = "Export the RTSTRUCT again, or give its lesions as a table with --truth"
Contour = Float[np.ndarray, "n 3"]


def contour_lesions(path: Path, *, place: str) -> list[Lesion]:
    """Lesions of one structure set.

    Args:
        path: the file.
        place: what people call it.

    Raises:
        InputError: the object is damaged or names no CT series.
    """
    try:
        dataset = pydicom.dcmread(path)
    except Exception as error:  # pydicom raises nearly anything on damaged objects
        raise InputError(path, f"damaged RTSTRUCT ({type(error).__name__})", _REMEDY) from error
    uid = _series(dataset)
    if not uid:
        raise InputError(path, "does not say which CT series it outlines", _REMEDY)
    wanted = _lesion_regions(dataset)
    found: list[Lesion] = []
    for region in items(dataset, "ROIContourSequence"):
        name = int(number(region, "ReferencedROINumber") or 0)
        contours = _contours(region)
        if name in wanted and contours:
            center, diameter_mm = _measure(contours)
            found.append(Lesion(uid, center, diameter_mm, f"{place} ROI {name}"))
    return found


def _series(dataset: Dataset) -> str:
    for frame in items(dataset, "ReferencedFrameOfReferenceSequence"):
        for study in items(frame, "RTReferencedStudySequence"):
            for series in items(study, "RTReferencedSeriesSequence"):
                if uid := text(series, "SeriesInstanceUID"):
                    return uid
    return ""


def _lesion_regions(dataset: Dataset) -> set[int]:
    """Numbers of the regions that are lesions, by their type, else by their name."""
    types = {
        int(number(one, "ReferencedROINumber") or 0): text(one, "RTROIInterpretedType").upper()
        for one in items(dataset, "RTROIObservationsSequence")
    }
    found: set[int] = set()
    for region in items(dataset, "StructureSetROISequence"):
        name = int(number(region, "ROINumber") or 0)
        kind = types.get(name, "")
        if kind in _LESION_TYPES or (not kind and _LESION_NAMES.search(text(region, "ROIName"))):
            found.add(name)
    return found


def _contours(region: Dataset) -> list[Contour]:
    """Closed planar outlines and single points, LPS millimetres."""
    found = []
    for contour in items(region, "ContourSequence"):
        values = numbers(contour, "ContourData")
        if values and len(values) % 3 == 0:
            found.append(np.array(values).reshape(-1, 3))
    return found


def _measure(contours: list[Contour]) -> tuple[tuple[float, float, float], float]:
    """Centre, weighted by area, and diameter in the outline with the largest area."""
    areas = np.array([_area(one) for one in contours])
    weights = areas if areas.sum() > 0 else np.ones(len(contours))
    centers = np.array([_centroid(one) for one in contours])
    x, y, z = (float(v) for v in np.average(centers, axis=0, weights=weights))
    largest = contours[int(areas.argmax())]
    first, second = _plane(largest)
    flat = np.stack([largest @ first, largest @ second], 1)
    return (x, y, z), max(diameter_of_points(flat), 1.0)


def _plane(points: Contour) -> tuple[np.ndarray, np.ndarray]:
    """Two unit vectors that span an outline's plane."""
    _, _, axes = np.linalg.svd(points - points.mean(0), full_matrices=True)
    return axes[0], axes[1]


def _area(points: Contour) -> float:
    """Of a planar polygon, square millimetres."""
    return float(np.linalg.norm(_crosses(points).sum(0)) / 2)


def _centroid(points: Contour) -> np.ndarray:
    """Of a planar polygon; the mean of its points where it has no area."""
    crosses = _crosses(points)
    whole = crosses.sum(0)
    size = float(np.linalg.norm(whole))
    if size < 1e-9:
        return np.asarray(points.mean(0))
    weights = crosses @ (whole / size)  # signed, so that hollows count
    around = points + np.roll(points, -1, axis=0) + points[0]
    return np.asarray((weights[:, None] * around).sum(0) / (3 * weights.sum()))


def _crosses(points: Contour) -> Float[np.ndarray, "n 3"]:
    """Twice the area vectors of the triangles that the first point spans with each edge."""
    away = points - points[0]
    return np.cross(away, np.roll(away, -1, axis=0))
