"""The findings' outlines as DICOM SEG, a segment each, on the CT's own planes.

A voxel belongs to a finding where its centre lies in the outline; an outline that no plane's centre
meets, a small nodule between two thick slices, is put into the nearest plane, so that each finding
that was outlined has a segment. Frames are the CT's planes as they are: oblique, tilted and
feet-first series need no special case.

Standard:
    PS3.3 A.51 (Segmentation IOD), PS3.16 CID 7150 (categories), CID 7159 (types).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import highdicom as hd
import numpy as np
from jaxtyping import Bool, Float
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from medical.detection.findings import SeriesFindings
from medical.dicom.header.frames import Frame, Placement
from medical.dicom_out.provenance import (
    OriginalCt,
    algorithm_sequence,
    equipment,
    finish,
    series_number,
    series_uid,
    software_of,
    tracking_id,
    tracking_uid,
)
from medical.nodule.outline import Outline

_SERIES_NUMBER = 9101
Plane = Bool[np.ndarray, "y x"]


def outlined(outlines: Sequence[Outline]) -> list[Outline]:
    """Return the outlines that hold anything, by the finding's number: segments 1, 2, 3 ..."""
    return sorted(
        (outline for outline in outlines if outline.mask.any()),
        key=lambda outline: outline.finding_id,
    )


def write_segmentation(
    outlines: Sequence[Outline],
    scored: SeriesFindings,
    path: Path,
    *,
    ct: OriginalCt,
    signed: bool = False,
) -> Dataset:
    """Write the outlines.

    Args:
        outlines: of the findings, at least one of which holds anything.
        scored: what was found, for the model's name and the UIDs.
        path: of the file.
        ct: that was scored.
        signed: whether they are those that a reader has accepted.

    Returns:
        The object, for reports that refer to it.

    Raises:
        ValueError: nothing was outlined.
    """
    segments = outlined(outlines)
    if not segments:
        raise ValueError("no finding has an outline, so there is nothing to segment")
    planes: dict[int, dict[int, Plane]] = {}  # by frame, then by segment
    for number, outline in enumerate(segments):
        for index, mask in planes_of(outline, ct.frames).items():
            planes.setdefault(index, {})[number] = mask
    indices = sorted(planes)
    frames = [ct.frames[index] for index in indices]
    pixels = np.zeros(
        (len(frames), frames[0].rows, frames[0].columns, len(segments)), dtype=np.uint8
    )
    for row, index in enumerate(indices):
        for number, mask in planes[index].items():
            pixels[row, ..., number] = mask
    placed = _placed(frames) if ct.is_multiframe else {}
    sources = [ct.header_of[frame.sop_instance_uid] for frame in frames]
    made: Dataset = hd.seg.Segmentation(
        source_images=sources[:1] if ct.is_multiframe else sources,
        pixel_array=pixels,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[
            _description(number, outline, scored) for number, outline in enumerate(segments, 1)
        ],
        series_instance_uid=series_uid("segmentation", scored, signed=signed),
        series_number=series_number(_SERIES_NUMBER, signed=signed),
        sop_instance_uid=hd.UID(),
        instance_number=1,
        software_versions=" / ".join(software_of(scored)),
        content_label="NODULES",
        content_description="Outlines of lung nodules by a model, research use only",
        omit_empty_frames=True,
        **placed,
        **equipment(),
    )
    made.BodyPartExamined = "CHEST"  # else Laterality would be asked for
    finish(made, path, what="outlines", signed=signed)
    return made


def planes_of(outline: Outline, frames: Sequence[Frame]) -> dict[int, Plane]:
    """Cut an outline with the planes that it meets.

    Returns:
        Masks ``[rows, columns]`` by the index of the frame; at least one where the outline holds
        anything and a plane's field of view reaches it.
    """
    cut = {index: _cut(outline, frame, off_mm=0.0) for index, frame in enumerate(frames)}
    met = {index: mask for index, mask in cut.items() if mask is not None and mask.any()}
    box = outline.box_lps_mm()
    if met or box is None:
        return met
    inside = outline.geometry.voxel_to_lps(np.argwhere(outline.mask))
    center = inside.mean(0)
    nearest = int(np.abs([_depth_mm(center, frame) for frame in frames]).argmin())
    middle = inside[((inside - center) ** 2).sum(1).argmin()]  # the centre may lie in a hole
    mask = _cut(outline, frames[nearest], off_mm=_depth_mm(middle, frames[nearest]))
    return {nearest: mask} if mask is not None and mask.any() else {}


def _cut(outline: Outline, frame: Frame, *, off_mm: float) -> Plane | None:
    """Cut an outline with one plane, moved along its normal; ``None`` where they are apart."""
    box = outline.box_lps_mm()
    if box is None:
        return None
    place, normal = frame.placement, _normal(frame.placement)
    corners = np.stack(np.meshgrid(*zip(*box, strict=True), indexing="ij"), axis=-1).reshape(-1, 3)
    from_plane = corners - _position(frame) - normal * off_mm
    depth = from_plane @ normal
    if depth.min() > 0 or depth.max() < 0:
        return None
    rows = from_plane @ np.array(place.along_column) / place.row_spacing_mm
    columns = from_plane @ np.array(place.along_row) / place.column_spacing_mm
    top, bottom = _window(rows, frame.rows)
    left, right = _window(columns, frame.columns)
    if top >= bottom or left >= right:
        return None
    row, column = np.meshgrid(np.arange(top, bottom), np.arange(left, right), indexing="ij")
    points = (
        _position(frame)
        + normal * off_mm
        + row[..., None] * place.row_spacing_mm * np.array(place.along_column)
        + column[..., None] * place.column_spacing_mm * np.array(place.along_row)
    )
    mask = np.zeros((frame.rows, frame.columns), bool)
    mask[top:bottom, left:right] = outline.holds(points)
    return mask


def _window(values: Float[np.ndarray, " n"], count: int) -> tuple[int, int]:
    return max(0, int(np.floor(values.min()))), min(count, int(np.ceil(values.max())) + 1)


def _depth_mm(point_lps_mm: Float[np.ndarray, 3], frame: Frame) -> float:
    """Return how far above its plane a point lies."""
    return float((point_lps_mm - _position(frame)) @ _normal(frame.placement))


def _position(frame: Frame) -> Float[np.ndarray, 3]:
    return np.array(frame.placement.position_lps_mm)


def _normal(place: Placement) -> Float[np.ndarray, 3]:
    return np.asarray(np.cross(place.along_row, place.along_column))


def _placed(frames: Sequence[Frame]) -> dict[str, object]:
    """Tell highdicom where the planes of a multi-frame CT lie: only some of them are written."""
    place = frames[0].placement
    depths = sorted(float(_position(frame) @ _normal(place)) for frame in frames)
    apart = [after - before for before, after in pairwise(depths)]
    thickness = frames[0].thickness_mm or min(apart, default=1.0)
    return {
        "pixel_measures": hd.PixelMeasuresSequence(
            pixel_spacing=(place.row_spacing_mm, place.column_spacing_mm),
            slice_thickness=thickness,
        ),
        "plane_orientation": hd.PlaneOrientationSequence(
            "PATIENT", [*place.along_row, *place.along_column]
        ),
        "plane_positions": [
            hd.PlanePositionSequence("PATIENT", list(frame.placement.position_lps_mm))
            for frame in frames
        ],
    }


def _description(
    number: int, outline: Outline, scored: SeriesFindings
) -> hd.seg.SegmentDescription:
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=f"Finding {outline.finding_id}",
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Nodule,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=algorithm_sequence(scored),
        tracking_uid=tracking_uid(scored, outline.finding_id),
        tracking_id=tracking_id(outline.finding_id),
        anatomic_regions=[codes.SCT.Lung],
    )
