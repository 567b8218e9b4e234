"""What the reader keeps of a DICOM header: one ``Frame`` for each image plane, and its series.

Plain values only, so that a series of thousands of frames stays small and can be sent to another
process; pixel bytes stay on disk until the series is loaded. Nothing here identifies the patient.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from medical.dicom.header.person import Person
from medical.errors import InputError

Vector3 = tuple[float, float, float]


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
