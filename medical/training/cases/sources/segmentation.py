"""Lesions from DICOM SEG (PS3.3 A.51): every connected part of a segment that is a lesion.

Of a fractional one, what lies above half of the maximum is the lesion. Read from the frames' own
positions: highdicom refuses objects that name an image twice, which real ones do. Segments of
organs are passed by, by the category of what they show.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pydicom
from jaxtyping import Bool
from pydicom.dataset import Dataset

from medical.dicom.header.tags import items, number, numbers, text, value
from medical.errors import InputError
from medical.geometry import VolumeGeometry
from medical.training.cases.sources.lesion import Lesion, lesions_of_mask

SEGMENTATIONS = frozenset({"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"})
"""Segmentation Storage and Label Map Segmentation Storage."""
# morphologically altered structure, and what older objects call it; a lesion's own codes
_ALTERED = {("SCT", "49755003"), ("SRT", "M-01000"), ("99SDM", "M-01000")}
_REMEDY = "Export the DICOM SEG again, or give its lesions as a table with --truth"
_CLOSE_MM = 0.01
_MAX_SLOTS = 10_000
"""Between the first and the last frame: no CT has more slices."""


def segmentation_lesions(path: Path, *, place: str) -> list[Lesion]:
    """Lesions of one SEG object.

    Args:
        path: the file.
        place: what people call it.

    Raises:
        InputError: the object is damaged, names no CT series, or its frames form no volume.
    """
    try:
        dataset = pydicom.dcmread(path)
        frames = np.atleast_3d(dataset.pixel_array)
    except Exception as error:  # pydicom raises nearly anything on damaged objects
        raise InputError(path, f"damaged DICOM SEG ({type(error).__name__})", _REMEDY) from error
    if frames.shape[-1] == 1 and frames.ndim == 3 and dataset.get("NumberOfFrames", 1) == 1:
        frames = np.moveaxis(frames, -1, 0)
    series = items(dataset, "ReferencedSeriesSequence")
    uid = text(series[0], "SeriesInstanceUID") if series else ""
    if not uid:
        raise InputError(path, "does not say which CT series it outlines", _REMEDY)
    collected: list[Lesion] = []
    kind = text(dataset, "SegmentationType").upper()
    numbers_of = _frames_of_segments(dataset)
    half = (number(dataset, "MaximumFractionalValue") or 255.0) / 2 if kind == "FRACTIONAL" else 0.0
    for segment in items(dataset, "SegmentSequence"):
        name = int(number(segment, "SegmentNumber") or 0)
        chosen = list(range(len(frames))) if kind == "LABELMAP" else numbers_of.get(name, [])
        if chosen and _is_lesion(segment):
            shown = frames == name if kind == "LABELMAP" else frames > half
            mask, geometry = _volume(path, dataset, shown, chosen)
            collected += lesions_of_mask(
                mask, geometry, series_uid=uid, place=f"{place} segment {name}"
            )
    return collected


def _is_lesion(segment: Dataset) -> bool:
    codes = items(segment, "SegmentedPropertyCategoryCodeSequence")
    return any(
        (text(code, "CodingSchemeDesignator"), text(code, "CodeValue")) in _ALTERED
        for code in codes
    )


def _frames_of_segments(dataset: Dataset) -> dict[int, list[int]]:
    """List the frames of each segment; all belong to the first where frames do not say."""
    collected: dict[int, list[int]] = defaultdict(list)
    for index, frame in enumerate(items(dataset, "PerFrameFunctionalGroupsSequence")):
        identified = [*_group(dataset, frame, "SegmentIdentificationSequence")]
        collected[
            int(number(identified[0], "ReferencedSegmentNumber") or 1) if identified else 1
        ].append(index)
    return collected


def _volume(
    path: Path, dataset: Dataset, frames: Bool[np.ndarray, "n y x"], chosen: list[int]
) -> tuple[Bool[np.ndarray, "z y x"], VolumeGeometry]:
    """Build the mask of one segment; slices that the object leaves out are empty.

    Args:
        path: what errors name.
        dataset: the object.
        frames: which voxels of each frame belong to it.
        chosen: indices of its frames.
    """
    per_frame = items(dataset, "PerFrameFunctionalGroupsSequence")
    if len(per_frame) <= max(chosen) or len(frames) <= max(chosen):
        raise InputError(path, "its frames are fewer or more than it says", _REMEDY)
    first = per_frame[chosen[0]]
    measures = _group(dataset, first, "PixelMeasuresSequence")
    orientation = _group(dataset, first, "PlaneOrientationSequence")
    spacing = numbers(measures[0], "PixelSpacing") if measures else []
    cosines = numbers(orientation[0], "ImageOrientationPatient") if orientation else []
    positions = [_position(dataset, per_frame[index]) for index in chosen]
    if len(spacing) != 2 or len(cosines) != 6 or any(len(place) != 3 for place in positions):
        raise InputError(path, "its frames have no position in the patient", _REMEDY)
    origins = np.array(positions)
    along_row, along_column = np.array(cosines[:3]), np.array(cosines[3:])
    normal = np.cross(along_row, along_column)
    depth = origins @ normal
    thickness = number(measures[0], "SpacingBetweenSlices") or number(measures[0], "SliceThickness")
    steps = np.diff(np.unique(np.round(depth, 3)))
    step = float(steps[steps > _CLOSE_MM].min()) if (steps > _CLOSE_MM).any() else thickness or 1.0
    if np.ptp(depth) > _MAX_SLOTS * step:
        raise InputError(path, "its frames lie too far apart", _REMEDY)
    slot = np.rint((depth - depth.min()) / step).astype(int)
    if np.abs(depth - depth.min() - slot * step).max() > 0.25 * step:
        raise InputError(path, "its frames are not evenly spaced", _REMEDY)
    mask = np.zeros((int(slot.max()) + 1, *frames.shape[1:]), bool)
    for where, index in zip(slot, chosen, strict=True):
        mask[where] |= frames[index]
    geometry = VolumeGeometry.from_axes(
        shape=mask.shape,
        origin_lps_mm=origins[int(depth.argmin())],
        z_step_lps_mm=normal * step,
        y_step_lps_mm=along_column * spacing[0],
        x_step_lps_mm=along_row * spacing[1],
    )
    return mask, geometry


def _position(dataset: Dataset, frame: Dataset) -> list[float]:
    planes = _group(dataset, frame, "PlanePositionSequence")
    return numbers(planes[0], "ImagePositionPatient") if planes else []


def _group(dataset: Dataset, frame: Dataset, keyword: str) -> list[Dataset]:
    """Return a functional group of a frame, its own or the shared one."""
    if value(frame, keyword) is not None:
        return items(frame, keyword)
    return [part for shared in items(dataset, "SharedFunctionalGroupsSequence")
            for part in items(shared, keyword)]  # fmt: skip
