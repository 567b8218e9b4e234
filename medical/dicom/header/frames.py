"""What the reader keeps of a DICOM header: one ``Frame`` for each image plane, and its series.

Plain values only, so that a series of thousands of frames stays small and can be sent to another
process; pixel bytes stay on disk until the series is loaded. Nothing here identifies the patient.

Position, orientation and pixel spacing are checked (DICOM PS3.3 C.7.6.2).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from medical.dicom.header import tags
from medical.dicom.header.patient import Person
from medical.errors import InputError

Vector3 = tuple[float, float, float]
MAX_COORDINATE_MM = 1e5
SPACING_RANGE_MM = (0.01, 50.0)
MAX_SKEW = 0.02  # cosine between row and column direction: about 1 degree


@dataclass(frozen=True, slots=True)
class SeriesHeader:
    """What all frames of one file share.

    Args:
        series_instance_uid: as written in the file, valid or not; empty when missing.
        study_instance_uid: likewise.
        acquisition: manufacturer, model, kernel... as text; empty values are left out.
        image_type: Image Type values in capitals, for scouts and projections.
        lossy: whether the pixels went through a lossy compression.
        person: whose it is, as hashes that only this process can compare.
    """

    series_instance_uid: str
    study_instance_uid: str
    frame_of_reference_uid: str | None = None
    series_number: int | None = None
    image_type: tuple[str, ...] = ()
    body_part: str = ""
    contrast: bool = False
    lossy: bool = False
    photometric: str = "MONOCHROME2"
    person: Person = field(default_factory=Person)
    acquisition: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one plane lies: position and directions as in DICOM PS3.3 C.7.6.2.

    Args:
        position_lps_mm: centre of the first pixel.
        along_row: unit vector towards the next column.
        along_column: unit vector towards the next row.
        row_spacing_mm: distance between rows.
        column_spacing_mm: distance between columns.
    """

    position_lps_mm: Vector3
    along_row: Vector3
    along_column: Vector3
    row_spacing_mm: float
    column_spacing_mm: float


Stamp = tuple[int, int]
"""Size of a file and the nanosecond of its last change: another's, put in its place, differs."""


def stamp_of(state: os.stat_result) -> Stamp:
    """Tell a file's content from what may be put in its place."""
    return state.st_size, state.st_mtime_ns


@dataclass(frozen=True, slots=True)
class Frame:
    """One plane of a CT series, still undecoded.

    Args:
        index: the frame within its file, 0-based; 0 in classic CT.
        number: the number a viewer shows: Instance Number, or the frame number in enhanced CT.
        slope: rescale slope; ``None`` when the file has none (intercept likewise).
        padding: first and last stored value that mean "nothing was measured here".
        splits: what may tell overlapping stacks of one series apart: stack, temporal position,
            acquisition, kernel...
        embedded_overlay: overlay bits lie above the pixel's own bits (retired, still met).
        kernel: of this plane's reconstruction.
        frame_of_reference_uid: of this plane; de-identified series may have another in each.
        image_at: where in the file that begins which its pixels are decoded by; ``None`` where the
            file must be read from its start.
        stamp: of the file as its header was read; ``None`` where nobody asked.
    """

    path: Path
    index: int
    sop_instance_uid: str
    number: int | None
    rows: int
    columns: int
    placement: Placement
    slope: float | None
    intercept: float | None
    padding: tuple[int, int] | None
    thickness_mm: float | None
    splits: tuple[str, ...]
    transfer_syntax: str = ""
    embedded_overlay: bool = False
    kernel: str = ""
    frame_of_reference_uid: str = ""
    image_at: int | None = None
    stamp: Stamp | None = None


@dataclass(frozen=True, slots=True)
class CtFile:
    """A file with usable CT planes; ``unplaced`` counts planes that lack a position."""

    path: Path
    header: SeriesHeader
    frames: tuple[Frame, ...]
    unplaced: int = 0


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A readable DICOM file that is no CT plane: another modality, a scout, a report."""

    path: Path
    header: SeriesHeader
    modality: str
    reason: str


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """A CT file that cannot be used; ``header`` is ``None`` when not even that can be read."""

    path: Path
    header: SeriesHeader | None
    error: InputError
    truncated: bool = False


ScannedFile = CtFile | SkippedFile | BrokenFile


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
    directions = _orthonormal(*cosines)
    if directions is None:
        return None
    x, y, z = point
    return Placement((x, y, z), *directions, spacing[0], spacing[1])


@lru_cache(maxsize=64)  # the slices of a series lie alike
def _orthonormal(*cosines: float) -> tuple[Vector3, Vector3] | None:
    row, column = np.array(cosines[:3]), np.array(cosines[3:])
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
