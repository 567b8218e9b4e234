"""Where the long and the short axis lie: lines in the slice that shows them, else in the patient.

The lines are the outline's, made as long as the report says about their middle: sizes are corrected
by the model's calibration, and a viewer that measures the line must find the same number. A finding
without an outline has a point, its centre.

Standard:
    PS3.16 TID 320 (coordinates of a measurement), PS3.3 C.18.6 (pixels' coordinates in an image).
"""

from __future__ import annotations

from typing import Any

import highdicom as hd
import numpy as np
from jaxtyping import Float
from pydicom.sr.codedict import codes

from medical.detection.findings import Finding
from medical.dicom.header.frames import Frame
from medical.dicom_out.provenance import OriginalCt
from medical.nodule.measure import axis_lines
from medical.nodule.outline import Outline

_TOLERANCE_MM = 0.1
Ends = Float[np.ndarray, "2 3"]
Coordinates = Any  # highdicom has no types


def axis_coordinates(
    finding: Finding, outline: Outline | None, ct: OriginalCt
) -> tuple[Coordinates, Coordinates]:
    """Return where the long and the short axis were measured.

    Args:
        finding: whose axes.
        outline: of it; ``None`` where none was kept.
        ct: that was scored.

    Returns:
        Lines in the slice that shows both of them whole (SCOORD); lines in the patient (SCOORD3D)
        where no slice does, as in an oblique CT; the centre for both where there is no outline.
    """
    lines = axis_lines(outline.mask) if outline is not None else None
    if outline is None or lines is None:
        center = in_patient(np.array([finding.center_lps_mm]), ct)
        return center, center
    lengths = (finding.long_axis_mm, finding.short_axis_mm)
    long, short = (
        _stretched(outline.geometry.voxel_to_lps(line), length)
        for line, length in zip(lines, lengths, strict=True)
    )
    frame = _slice_that_shows(np.concatenate([long, short]), ct)
    if frame is None:
        return in_patient(long, ct), in_patient(short, ct)
    return _in_slice(long, frame, ct), _in_slice(short, frame, ct)


def in_patient(points_lps_mm: Float[np.ndarray, "n 3"], ct: OriginalCt) -> Coordinates:
    """Return a point or an open line in the CT's frame of reference."""
    types = hd.sr.GraphicTypeValues3D
    alone = len(points_lps_mm) == 1
    return hd.sr.CoordinatesForMeasurement3D(
        graphic_type=types.POINT if alone else types.POLYLINE,
        graphic_data=points_lps_mm,
        frame_of_reference_uid=ct.frame_of_reference_uid,
        purpose=codes.DCM.Center if alone else codes.SCT.Source,
    )


def _stretched(line: Ends, length_mm: float) -> Ends:
    middle = line.mean(0)
    return np.asarray(middle + (line - middle) * length_mm / np.linalg.norm(line[1] - line[0]))


def nearest_slice(point_lps_mm: Float[np.ndarray, "1 3"], ct: OriginalCt) -> int:
    """Return the index of the plane that a point is nearest to."""
    return int(np.argmin([_distances(point_lps_mm, frame)[0] for frame in ct.frames]))


def pixels_in(points_lps_mm: Float[np.ndarray, "n 3"], frame: Frame) -> Float[np.ndarray, "n 2"]:
    """Return where points lie in a plane, as (column, row) of PS3.3 C.18.6."""
    place = frame.placement
    to_pixels = hd.spatial.ReferenceToImageTransformer(
        image_position=place.position_lps_mm,
        image_orientation=(*place.along_row, *place.along_column),
        pixel_spacing=(place.row_spacing_mm, place.column_spacing_mm),
    )
    return np.asarray(to_pixels(points_lps_mm)[:, :2])


def _slice_that_shows(points_lps_mm: Float[np.ndarray, "n 3"], ct: OriginalCt) -> Frame | None:
    """Return the slice that all points are nearest to, if it is one."""
    distances = np.array([_distances(points_lps_mm, frame) for frame in ct.frames])
    nearest = int(distances.max(1).argmin())
    shown = distances[nearest] <= distances.min(0) + _TOLERANCE_MM
    return ct.frames[nearest] if shown.all() else None


def _distances(points_lps_mm: Float[np.ndarray, "n 3"], frame: Frame) -> Float[np.ndarray, " n"]:
    place = frame.placement
    normal = np.cross(place.along_row, place.along_column)
    return np.asarray(np.abs((points_lps_mm - np.array(place.position_lps_mm)) @ normal))


def _in_slice(line: Ends, frame: Frame, ct: OriginalCt) -> Coordinates:
    header = ct.header_of[frame.sop_instance_uid]
    return hd.sr.CoordinatesForMeasurement(
        graphic_type=hd.sr.GraphicTypeValues.POLYLINE,
        graphic_data=pixels_in(line, frame),  # the slice is the nearest
        source_image=hd.sr.SourceImageForRegion(
            header.SOPClassUID,
            header.SOPInstanceUID,
            [frame.index + 1] if ct.is_multiframe else None,
        ),
    )
