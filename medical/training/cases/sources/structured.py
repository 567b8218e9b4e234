"""Lesions from DICOM SR (TID 1500): one for each measurement group that says where it is.

Understood are regions in the patient (SCOORD3D: point, outline, ellipse, ellipsoid) and in an image
(SCOORD); a point in the patient that is called the centre goes before other places of its group. A
group that only points at a segment is passed by: the SEG itself is read. The size is the group's
mean diameter, its long and short axis or its diameter, else that of the region. The content is
walked as it is, because readers that check the template refuse what vendors write.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
from jaxtyping import Float
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from medical.dicom.header.tags import items, number, numbers, text, whole
from medical.errors import InputError
from medical.training.cases.sources.lesion import Lesion, Planes, diameter_of_points, to_lps

REPORTS = frozenset(f"1.2.840.10008.5.1.4.1.1.88.{n}" for n in (11, 22, 33, 34))
_GROUP = {("DCM", "125007")}
_LONG = {("SCT", "103339001"), ("SRT", "G-A185")}
_SHORT = {("SCT", "103340004"), ("SRT", "G-A186")}
_DIAMETER = {("SCT", "81827009"), ("SRT", "M-02550")}
_DERIVATION = {("DCM", "121401")}
_MEAN = {("SCT", "373098007"), ("SRT", "R-00317")}
_CENTER = {("DCM", "111010")}
_TO_MM = {"mm": 1.0, "cm": 10.0, "um": 0.001}
_REMEDY = "Export the SR again, or give its lesions as a table with --truth"
_SMALLEST_MM = 1.0
Points = Float[np.ndarray, "n 3"]


def structured_lesions(path: Path, planes: Planes, *, place: str) -> list[Lesion]:
    """Lesions of one report.

    Args:
        path: the file.
        planes: of the CTs at hand.
        place: what people call it.

    Raises:
        InputError: the object is damaged, or a group has a place but no size.
    """
    try:
        dataset = pydicom.dcmread(path)
    except Exception as error:  # pydicom raises nearly anything on damaged objects
        raise InputError(path, f"damaged DICOM SR ({type(error).__name__})", _REMEDY) from error
    collected: list[Lesion] = []
    groups = [item for item in _walk(dataset) if _code(item) in _GROUP]
    for index, group in enumerate(groups, start=1):
        where = _region(group, planes)
        if where is None:
            continue
        uid, points = where
        diameter_mm = _size_mm(group) or _extent_mm(points)
        if not diameter_mm or diameter_mm < _SMALLEST_MM:
            problem = f"measurement group {index} has a place, but no size"
            raise InputError(path, problem, _REMEDY)
        x, y, z = (float(value) for value in _middle(points))
        collected.append(Lesion(uid, (x, y, z), diameter_mm, f"{place} group {index}"))
    return collected


def _walk(item: Dataset) -> Iterator[Dataset]:
    for child in items(item, "ContentSequence"):
        yield child
        yield from _walk(child)


def _code(item: Dataset, keyword: str = "ConceptNameCodeSequence") -> tuple[str, str]:
    codes = items(item, keyword)
    if not codes:
        return "", ""
    return text(codes[0], "CodingSchemeDesignator"), text(codes[0], "CodeValue")


def _region(group: Dataset, planes: Planes) -> tuple[str, Points] | None:
    """Series and points of the first region of a group that belongs to a CT at hand."""
    shapes: list[tuple[str, Points]] = []
    for item in _walk(group):
        kind = text(item, "ValueType")
        values = numbers(item, "GraphicData")
        if kind == "SCOORD3D" and values and len(values) % 3 == 0:
            frame = text(item, "ReferencedFrameOfReferenceUID")
            if uid := planes.series_of_frame(frame):
                points = np.array(values).reshape(-1, 3)
                if len(points) == 1 and _code(item) in _CENTER:
                    return uid, points
                shapes.append((uid, points))
        elif kind == "SCOORD" and values and len(values) % 2 == 0:
            for image in _images(item):
                if image in planes.placed:
                    uid, placement = planes.placed[image]
                    shapes.append((uid, to_lps(np.array(values).reshape(-1, 2), placement)))
    if not shapes:
        return None
    uid = shapes[0][0]
    return uid, np.concatenate([points for other, points in shapes if other == uid])


def _images(item: Dataset) -> Iterator[tuple[str, int]]:
    """SOP Instance UID and frame of the images that a region lies in."""
    for child in _walk(item):
        for reference in items(child, "ReferencedSOPSequence"):
            frame = whole(reference, "ReferencedFrameNumber") or 1
            yield text(reference, "ReferencedSOPInstanceUID"), frame


def _size_mm(group: Dataset) -> float | None:
    """Mean diameter, else that of long and short axis, else the diameter, else the long axis."""
    collected: dict[str, float] = {}
    names = {"long": _LONG, "short": _SHORT, "diameter": _DIAMETER}
    for item in _walk(group):
        name = next((name for name, codes in names.items() if _code(item) in codes), None)
        if name == "diameter" and _is_mean(item):
            name = "mean"
        measured = items(item, "MeasuredValueSequence")
        if name is None or not measured or name in collected:
            continue
        _, unit = _code(measured[0], "MeasurementUnitsCodeSequence")
        value = number(measured[0], "NumericValue")
        if value and value > 0 and unit in _TO_MM:
            collected[name] = value * _TO_MM[unit]
    if "mean" in collected:
        return collected["mean"]
    if "long" in collected and "short" in collected:
        return (collected["long"] + collected["short"]) / 2
    return collected.get("diameter", collected.get("long"))


def _is_mean(measure: Dataset) -> bool:
    derivations = [item for item in _walk(measure) if _code(item) in _DERIVATION]
    return any(_code(item, "ConceptCodeSequence") in _MEAN for item in derivations)


def _middle(points: Points) -> NDArray[np.float64]:
    return np.asarray((points.min(0) + points.max(0)) / 2)


def _extent_mm(points: Points) -> float:
    """Of the region in the axial plane."""
    return diameter_of_points(points[:, :2])
