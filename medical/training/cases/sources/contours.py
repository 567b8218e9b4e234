"""Lesions from DICOM RTSTRUCT (PS3.3 A.19): those of each region of interest that is a target.

A region drawn for radiotherapy is a gross tumour volume (GTV), a margin around it (CTV, PTV) or an
organ: only the first is a lesion. Where the type is not given, the region's name must say so.
"""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pydicom
from jaxtyping import Float
from pydicom.dataset import Dataset

from medical.dicom.header.tags import items, number, numbers, text
from medical.errors import InputError
from medical.training.cases.sources.lesion import Lesion, Planes, diameter_of_points

STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
_LESION_TYPES = {"GTV"}
_LESION_NAMES = re.compile(r"gtv|nodul|lesion|tumou?r|mass|neoplasm", re.IGNORECASE)
_GAP_STEPS = 2.1  # one slice may lack its outline
_REMEDY = "Export the RTSTRUCT again, or give its lesions as a table with --truth"
Contour = Float[np.ndarray, "n 3"]


def contour_lesions(path: Path, planes: Planes, *, place: str) -> list[Lesion]:
    """Lesions of one structure set: one for each group of outlines of a region that touch.

    Args:
        path: the file.
        planes: of the CTs at hand.
        place: what people call it.

    Raises:
        InputError: the object is damaged, or a lesion of it names no CT series.
    """
    try:
        dataset = pydicom.dcmread(path)
    except Exception as error:  # pydicom raises nearly anything on damaged objects
        raise InputError(path, f"damaged RTSTRUCT ({type(error).__name__})", _REMEDY) from error
    wanted = _lesion_regions(dataset)
    frames = {
        int(number(item, "ROINumber") or 0): text(item, "ReferencedFrameOfReferenceUID")
        for item in items(dataset, "StructureSetROISequence")
    }
    collected: list[Lesion] = []
    for region in items(dataset, "ROIContourSequence"):
        name = int(number(region, "ReferencedROINumber") or 0)
        contours = _contours(region)
        if name not in wanted or not contours:
            continue
        uid = _series(dataset, region, frames.get(name, ""), planes)
        if not uid:
            raise InputError(path, "does not say which CT series it outlines", _REMEDY)
        groups = touching_outlines(contours)
        for part, group in enumerate(groups, start=1):
            center, diameter_mm = _measure(group)
            which = f", part {part}" if len(groups) > 1 else ""
            collected.append(Lesion(uid, center, diameter_mm, f"{place} ROI {name}{which}"))
    return collected


def referenced_series(dataset: Dataset) -> list[str]:
    """Every series that a structure set names, of all its frames of reference."""
    return [
        uid
        for frame in items(dataset, "ReferencedFrameOfReferenceSequence")
        for uid in _series_of_frame(frame)
    ]


def _series(dataset: Dataset, region: Dataset, frame_uid: str, planes: Planes) -> str:
    """Of a region: that of the images it was drawn on, of its frame of reference, or the only one.

    A structure set may name the frame of a PET first.
    """
    for contour in items(region, "ContourSequence"):
        for image in items(contour, "ContourImageSequence"):
            known = planes.placed.get((text(image, "ReferencedSOPInstanceUID"), 1))
            if known:
                return known[0]
    frames_named = items(dataset, "ReferencedFrameOfReferenceSequence")
    own = [frame for frame in frames_named if text(frame, "FrameOfReferenceUID") == frame_uid]
    for frame in own or (frames_named if len(frames_named) == 1 else []):
        for uid in _series_of_frame(frame):
            return uid
    frame_uid = frame_uid or text(dataset, "FrameOfReferenceUID")
    return planes.series_of_frame(frame_uid) if frame_uid else ""


def _series_of_frame(frame: Dataset) -> list[str]:
    return [
        uid
        for study in items(frame, "RTReferencedStudySequence")
        for series in items(study, "RTReferencedSeriesSequence")
        if (uid := text(series, "SeriesInstanceUID"))
    ]


def touching_outlines(contours: list[Contour]) -> list[list[Contour]]:
    """Outlines that touch from slice to slice, or lie in each other: one lesion each.

    People draw several nodules as one region; as one lesion it would lie between them.
    """
    depth = np.array([float(item[:, 2].mean()) for item in contours])
    steps = np.diff(np.unique(np.round(depth, 2)))
    reach_mm = _GAP_STEPS * float(np.median(steps)) if len(steps) else 0.1
    boxes = np.array([(*item[:, :2].min(0), *item[:, :2].max(0)) for item in contours])
    group = list(range(len(contours)))
    for a, b in combinations(range(len(contours)), 2):
        near = abs(depth[a] - depth[b]) <= reach_mm
        if near and _boxes_meet(boxes[a], boxes[b]) and group[a] != group[b]:
            old, new = group[b], group[a]
            group = [new if item == old else item for item in group]
    return [
        [contour for contour, item in zip(contours, group, strict=True) if item == name]
        for name in dict.fromkeys(group)
    ]


def _boxes_meet(a: Float[np.ndarray, 4], b: Float[np.ndarray, 4]) -> bool:
    return bool((a[:2] <= b[2:]).all() and (b[:2] <= a[2:]).all())


def _lesion_regions(dataset: Dataset) -> set[int]:
    """Numbers of the regions that are lesions, by their type, else by their name."""
    types = {
        int(number(item, "ReferencedROINumber") or 0): text(item, "RTROIInterpretedType").upper()
        for item in items(dataset, "RTROIObservationsSequence")
    }
    collected: set[int] = set()
    for region in items(dataset, "StructureSetROISequence"):
        name = int(number(region, "ROINumber") or 0)
        kind = types.get(name, "")
        if kind in _LESION_TYPES or (not kind and _LESION_NAMES.search(text(region, "ROIName"))):
            collected.add(name)
    return collected


def _contours(region: Dataset) -> list[Contour]:
    """Return closed planar outlines and single points, LPS millimetres."""
    collected = []
    for contour in items(region, "ContourSequence"):
        values = numbers(contour, "ContourData")
        if values and len(values) % 3 == 0:
            collected.append(np.array(values).reshape(-1, 3))
    return collected


def _measure(contours: list[Contour]) -> tuple[tuple[float, float, float], float]:
    """Centre, weighted by area, and diameter in the outline with the largest area."""
    areas = np.array([_area(contour) for contour in contours])
    weights = areas if areas.sum() > 0 else np.ones(len(contours))
    centers = np.array([_centroid(contour) for contour in contours])
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
