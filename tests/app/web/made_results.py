"""A small CT and a result in the format of DESIGN 4.3, made by the tests themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medical.ct.volume import CtVolume, QualityNote, SeriesSource
from medical.detection.findings import Finding, ModelReference, Seconds, SeriesFindings
from medical.dicom.header.patient import ScannedExamination
from medical.geometry import Shape3, Spacing3, VolumeGeometry
from medical.results.folder import ResultFolder

UID = "1.2.826.0.1.3680043.8.498.1"
CENTRES_LPS_MM = ((-62.0, 14.0, -120.0), (70.0, -20.0, -60.0), (-45.0, 40.0, -170.0))
DIAMETERS_MM = (14.0, 9.0, 6.5)
LOCATIONS = ("right middle zone", "left upper zone", "right lower zone")


def made_volume(
    shape: Shape3 = (120, 160, 160), spacing_mm: Spacing3 = (2.0, 2.2, 2.2), uid: str = UID
) -> CtVolume:
    """An ellipse of soft tissue with two air lungs and three solid spheres in them."""
    origin = (-spacing_mm[2] * shape[2] / 2, -spacing_mm[1] * shape[1] / 2, -230.0)
    geometry = VolumeGeometry.axial(shape=shape, spacing_mm=spacing_mm, origin_lps_mm=origin)
    z_axis, y_axis, x_axis = (
        origin[2 - axis] + np.arange(shape[axis], dtype=np.float32) * spacing_mm[axis]
        for axis in range(3)
    )
    y, x = y_axis[:, None], x_axis[None, :]
    hu = np.full(shape, -1000, dtype=np.int16)
    hu[:, (x / 165) ** 2 + (y / 120) ** 2 < 1] = 40
    hu[:, ((np.abs(x) - 65) / 50) ** 2 + (y / 85) ** 2 < 1] = -850
    hu[:, (x / 16) ** 2 + ((y - 70) / 16) ** 2 < 1] = 500
    noise = np.random.default_rng(1).normal(0, 18, size=shape[1:]).astype(np.int16)
    hu += noise
    for (cx, cy, cz), diameter in zip(CENTRES_LPS_MM, DIAMETERS_MM, strict=True):
        for index in np.flatnonzero(np.abs(z_axis - cz) < diameter / 2):
            inside = (x - cx) ** 2 + (y - cy) ** 2 + (z_axis[index] - cz) ** 2
            hu[index][inside < (diameter / 2) ** 2] = 50
    return CtVolume(hu, geometry, SeriesSource(series_instance_uid=uid))


def made_findings(
    volume: CtVolume,
    *,
    centres_lps_mm: Sequence[tuple[float, float, float]] = CENTRES_LPS_MM,
    diameters_mm: Sequence[float] = DIAMETERS_MM,
    locations: Sequence[str] = LOCATIONS,
) -> SeriesFindings:
    """What a model that measures well says of solid spheres; of the three, if none are named."""
    findings = []
    spheres = zip(centres_lps_mm, diameters_mm, locations, strict=True)
    for number, (centre, diameter, location) in enumerate(spheres, start=1):
        volume_mm3 = np.pi * diameter**3 / 6
        z_voxel = volume.geometry.lps_to_voxel(centre)[0]
        findings.append(
            Finding(
                id=number,
                probability=1 - 0.12 * number,
                probability_ci95=(0.85 - 0.15 * number, 1 - 0.05 * number),
                center_lps_mm=centre,
                slice_number=round(float(z_voxel)) + 1,
                sop_instance_uid=None,
                long_axis_mm=diameter + 1,
                short_axis_mm=diameter - 1,
                diameter_mm=diameter,
                diameter_ci95=(diameter - 1.3, diameter + 1.4),
                volume_mm3=volume_mm3,
                volume_ci95=(volume_mm3 * 0.7, volume_mm3 * 1.35),
                density="solid",
                mean_hu=50,
                location=location,
            )
        )
    thick = (
        f"Slices are {volume.geometry.spacing_mm[0]:.1f} mm thick or apart; above 2.5 mm small "
        "nodules are missed more often and sizes are less certain."
    )
    return SeriesFindings(
        study_instance_uid=None,
        series_instance_uid=volume.source.series_instance_uid,
        frame_of_reference_uid=None,
        model=ModelReference(name="made-up", version="0", sha256="0" * 64),
        operating_point=0.5,
        samples=32,
        quality=[QualityNote(code="thick", severity="warning", message=thick)],
        findings=findings,
        negative=not findings,
        seconds=Seconds(read=1, prepare=1, detect=1, refine=1, measure=1, write=1),
    )


def write_made_result(
    out: Path,
    volume: CtVolume,
    findings: SeriesFindings | None = None,
    *,
    examination: ScannedExamination | None = None,
) -> Path:
    """Write a run's folder ``out`` with one series, its images included; return the series' one.

    Args:
        out: the run's folder.
        volume: the images.
        findings: what was found in them; ``made_findings`` if not given.
        examination: whose images they are and of which day, where that is known.
    """
    folder = out / volume.source.series_instance_uid
    folder.mkdir(parents=True)
    findings = findings or made_findings(volume)
    (folder / "findings.json").write_text(findings.model_dump_json(by_alias=True))
    (out / "predictions.csv").write_text("seriesuid,coordX,coordY,coordZ,probability\n")
    ResultFolder(folder).write_images(volume, examination=examination)
    return folder
