"""What files, header and geometry of a series tell: notes for a clinician, and its identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from medical.ct import quality
from medical.ct.volume import QualityNote, SeriesSource
from medical.dicom.header.frames import BrokenFile
from medical.dicom.header.tags import valid_uid
from medical.dicom.stacking.stack import StackPlan
from medical.i18n.messages import message, plural_message

if TYPE_CHECKING:
    from medical.dicom.stacking.series import CtSeries


def file_notes(series: CtSeries, broken: Sequence[BrokenFile]) -> list[QualityNote]:
    """Files left out, and planes without a position."""
    notes = []
    truncated = [file.path for file in broken if file.truncated]
    if truncated:
        notes.append(
            quality.files_note("truncated_files", message("damaged or cut short"), truncated)
        )
    other = [file for file in broken if not file.truncated]
    if other:
        files = [file.path for file in other]
        notes.append(quality.files_note("unusable_files", other[0].error.problem, files))
    if series.missing:
        there = len({frame.path for frame in series.frames})
        text = plural_message(
            "{count} of {images} of this series that the DICOMDIR names is not there: that part "
            "of the lungs was not searched.",
            "{count} of {images} of this series that the DICOMDIR names are not there: that part "
            "of the lungs was not searched.",
            series.missing,
            images=plural_message("{count} image", "{count} images", series.missing + there),
        )
        notes.append(QualityNote("missing_files", "severe", text))
    if series.unplaced:
        text = plural_message(
            "{count} frame without a position in the patient was left out.",
            "{count} frames without a position in the patient were left out.",
            series.unplaced,
        )
        notes.append(QualityNote("missing_position", "warning", text))
    return notes


def header_notes(series: CtSeries, plan: StackPlan) -> list[QualityNote]:
    """Note what header and geometry tell a clinician."""
    z_mm = plan.geometry.spacing_mm[0]
    header = series.header
    notes = quality.acquisition_notes(
        contrast=header.contrast,
        kernel=_acquisition(series, plan).get("kernel", ""),
        lossy=header.lossy,
        photometric=header.photometric,
    )
    notes += quality.thickness_notes(plan.frames[0].thickness_mm, z_mm)
    notes += quality.coverage_notes(len(plan.frames), z_mm)
    if len({frame.sop_instance_uid for frame in plan.frames}) < len({f.path for f in plan.frames}):
        text = message(
            "Several slices carry one SOP Instance UID: no DICOM object can be made of the result, "
            "and findings may be shown on another slice elsewhere."
        )
        notes.append(QualityNote("shared_instance_uid", "warning", text))
    if any(frame.slope is None for frame in plan.frames):
        text = message(
            "Rescale values are missing; the stored values look like HU and were taken as HU."
        )
        notes.append(QualityNote("missing_rescale", "warning", text))
    if series.shared_uid:
        text = message(
            "Images of another patient or study carry the same Series Instance UID; they were kept "
            "apart, and this series is listed under the name {name}.",
            name=series.uid,
        )
        notes.append(QualityNote("shared_uid", "warning", text))
    elif not valid_uid(series.header.series_instance_uid):
        text = message(
            "The Series Instance UID is missing or invalid; the series is listed under the name "
            "{name}.",
            name=series.uid,
        )
        notes.append(QualityNote("invalid_uid", "warning", text))
    return notes


def source_of(series: CtSeries, plan: StackPlan) -> SeriesSource:
    """List identifiers of each slice; a filled gap has no object, only the nearest's number."""
    nearest = [plan.frames[fill.nearest] for fill in plan.grid.fills]
    missing = set(plan.grid.missing)
    numbers = [frame.number for frame in plan.frames if frame.number is not None]
    numbered = len(set(numbers)) == len(plan.frames)
    return SeriesSource(
        series_instance_uid=series.uid,
        study_instance_uid=series.study_uid,
        frame_of_reference_uid=series.header.frame_of_reference_uid,
        sop_instance_uids=tuple(
            None if place in missing else frame.sop_instance_uid or None
            for place, frame in enumerate(nearest)
        ),
        slice_numbers=tuple(
            frame.number if numbered and frame.number is not None else place + 1
            for place, frame in enumerate(nearest)
        ),
        acquisition=_acquisition(series, plan),
    )


def _acquisition(series: CtSeries, plan: StackPlan) -> dict[str, str]:
    """Return the header's acquisition, with kernel and thickness of the planes that were read."""
    acquisition = dict(series.header.acquisition)
    first = plan.frames[0]
    if first.kernel:
        acquisition["kernel"] = first.kernel
    thickness = quality.believed_thickness(first.thickness_mm, plan.geometry.spacing_mm[0])
    acquisition.pop("slice_thickness_mm", None)
    if thickness is not None:
        acquisition["slice_thickness_mm"] = f"{thickness:g}"
    return acquisition
