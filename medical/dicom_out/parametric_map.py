"""A map over part of a CT as a DICOM parametric map, in the CT's own study and frame of reference.

Standard:
    PS3.3 A.75 (Parametric Map IOD), float pixels, one frame a slice of the map's own grid.
    Values have no unit, UCUM "1" (PS3.16 CID 7180's "no units").
"""

from __future__ import annotations

from pathlib import Path

import highdicom as hd
import numpy as np
from jaxtyping import Float32
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian

from medical.dicom_out.provenance import finish
from medical.geometry import VolumeGeometry

_SERIES_NUMBER = 9100


def write_parametric_map(
    values: Float32[np.ndarray, "z y x"],
    geometry: VolumeGeometry,
    path: Path,
    *,
    sources: list[Dataset],
    label: str,
    description: str,
    software: str,
    instance_number: int = 1,
    series_uid: str | None = None,
) -> str:
    """Write a map.

    Args:
        values: ``[z, y, x]`` from 0 to 1.
        geometry: of ``values``; rows and columns must be perpendicular.
        path: of the file.
        sources: headers of the CT's instances; patient, study and frame of reference are theirs.
        label: content label, capitals, digits and underscores, at most 16.
        description: for people, at most 64 characters; no patient data.
        software: name and version of what made the map.
        instance_number: of this map in its series.
        series_uid: of the map's series; a new one where not given.

    Returns:
        The new SOP Instance UID.

    Raises:
        ValueError: shapes disagree, values leave 0 to 1, or there is no source.
    """
    _check(values, geometry, sources)
    right, down, up = (geometry.affine_lps_mm[:3, axis] for axis in (2, 1, 0))
    z_mm, y_mm, x_mm = geometry.spacing_mm
    measures = hd.PixelMeasuresSequence(
        pixel_spacing=(y_mm, x_mm), slice_thickness=z_mm, spacing_between_slices=z_mm
    )
    orientation = hd.PlaneOrientationSequence(
        "PATIENT", [round(float(v), 6) + 0.0 for v in (*(right / x_mm), *(down / y_mm))]
    )
    corners = [geometry.origin_lps_mm + up * k for k in range(values.shape[0])]
    positions = [
        hd.PlanePositionSequence("PATIENT", [round(float(v), 4) for v in corner])
        for corner in corners
    ]
    uid = hd.UID()
    made = hd.pm.ParametricMap(
        source_images=sources,
        pixel_array=np.ascontiguousarray(values, np.float32),
        series_instance_uid=series_uid or hd.UID(),
        series_number=_SERIES_NUMBER,
        sop_instance_uid=uid,
        instance_number=instance_number,
        manufacturer="StarLung",
        manufacturer_model_name="StarLung, research use only",
        software_versions=software,
        device_serial_number="1",
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[_as_they_are(label, description)],
        voi_lut_transformations=[hd.VOILUTTransformation(window_center=0.5, window_width=1.0)],
        transfer_syntax_uid=ExplicitVRLittleEndian,
        content_label=label,
        content_description=description,
        pixel_measures=measures,
        plane_orientation=orientation,
        plane_positions=positions,
    )
    made.BodyPartExamined = "CHEST"  # else Laterality would be asked for
    finish(made, path, what="maps")
    return str(uid)


def _as_they_are(label: str, description: str) -> hd.pm.RealWorldValueMapping:
    return hd.pm.RealWorldValueMapping(
        lut_label=label,
        lut_explanation=description,
        unit=codes.UCUM.NoUnits,
        value_range=(0.0, 1.0),
        slope=1.0,
        intercept=0.0,
    )


def _check(
    values: Float32[np.ndarray, "z y x"], geometry: VolumeGeometry, sources: list[Dataset]
) -> None:
    if values.shape != geometry.shape:
        raise ValueError(f"map is {values.shape} but the geometry says {geometry.shape}")
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 1):
        raise ValueError(f"values must lie from 0 to 1, got {low} to {high}")
    if not sources:
        raise ValueError("a parametric map needs at least one source image, got none")
