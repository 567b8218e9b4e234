"""One result on CTs that lie in the patient in every way that scanners write them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
import pytest

from medical.detection.findings import SeriesFindings
from medical.dicom.stacking.series import CtSeries
from medical.dicom_out.chest_cad import write_chest_cad
from medical.dicom_out.encapsulated_pdf import write_encapsulated_pdf
from medical.dicom_out.key_objects import write_key_objects
from medical.dicom_out.measurement_report import write_measurement_report
from medical.dicom_out.provenance import OriginalCt
from medical.dicom_out.segmentation import write_segmentation
from medical.geometry import VolumeGeometry
from medical.intake import open_input
from medical.nodule.outline import Outline
from medical.synthesis.write_ct import CtLabels, write_ct_series
from tests.medical.store.made import made_series

SHAPE = (26, 72, 60)
CENTERS_VOXEL = ((9.3, 30.2, 24.8), (16.6, 45.1, 31.7))
RADII_MM = ((5.0, 7.0, 6.0), (3.0, 3.0, 4.0))  # along LPS x, y, z
CHINESE = "Wang^XiaoDong=王^小东"
PDF = b"%PDF-1.4\nnothing\n"
DIRECTIONS = {
    "head first": ((0, 0, 1), (0, 1, 0), (1, 0, 0)),
    "feet first": ((0, 0, -1), (0, 1, 0), (-1, 0, 0)),
    "prone": ((0, 0, 1), (0, -1, 0), (-1, 0, 0)),
    "coronal": ((0, -1, 0), (0, 0, -1), (1, 0, 0)),
    "oblique": (
        (0, -math.sin(0.3), math.cos(0.3)),
        (math.sin(0.2), math.cos(0.3) * math.cos(0.2), math.sin(0.3) * math.cos(0.2)),
        (math.cos(0.2), -math.cos(0.3) * math.sin(0.2), -math.sin(0.3) * math.sin(0.2)),
    ),
}
CHARACTER_SETS = {"head first": "GB18030", "feet first": "ISO_IR 192", "oblique": "GBK"}


@dataclass(frozen=True)
class Written:
    """A CT with a result and all objects made of it."""

    geometry: VolumeGeometry
    scored: SeriesFindings
    outlines: tuple[Outline, ...]
    ct: OriginalCt
    folder: Path

    def file(self, form: str) -> Path:
        return self.folder / f"{form}.dcm"


def geometry_of(name: str) -> VolumeGeometry:
    z, y, x = DIRECTIONS[name]
    return VolumeGeometry.from_axes(
        shape=SHAPE,
        origin_lps_mm=(-31.0, -12.5, 40.0),
        z_step_lps_mm=2.5 * np.array(z),
        y_step_lps_mm=0.9 * np.array(y),
        x_step_lps_mm=0.9 * np.array(x),
    )


def outline_at(number: int, center_lps_mm: np.ndarray, radii_mm: tuple[float, ...]) -> Outline:
    """An ellipsoid on a fine upright grid, as the refinement stage leaves it."""
    shape, edge_mm = (32, 32, 32), 0.7
    origin = center_lps_mm - (31 / 2) * edge_mm
    grid = VolumeGeometry.axial(
        shape=shape, spacing_mm=(edge_mm,) * 3, origin_lps_mm=origin.tolist()
    )
    points = grid.voxel_to_lps(np.moveaxis(np.indices(shape), 0, -1))
    inside = (((points - center_lps_mm) / np.array(radii_mm)) ** 2).sum(-1) <= 1
    return Outline(number, inside, grid)


def write_ct(folder: Path, geometry: VolumeGeometry, name: str) -> list[Path]:
    labels = CtLabels(f"objects {name}", "Test^Objects", "TEST-1", "made for a test")
    hu = np.full(SHAPE, -850, np.int16)
    files = write_ct_series(hu, geometry, folder, labels=labels)
    for file in files:
        header = pydicom.dcmread(file)
        header.SpecificCharacterSet = CHARACTER_SETS.get(name, "ISO_IR 192")
        header.PatientName = CHINESE
        header.PatientPosition = "FFS" if name == "feet first" else "HFS"
        header.save_as(file)
    return files


@pytest.fixture(scope="session")
def write_all(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Written]:
    made: dict[str, Written] = {}

    def write(name: str) -> Written:
        if name not in made:
            made[name] = _write(name, tmp_path_factory.mktemp("objects"))
        return made[name]

    return write


@pytest.fixture(params=list(DIRECTIONS))
def written(request: pytest.FixtureRequest, write_all: Callable[[str], Written]) -> Written:
    return write_all(request.param)


@pytest.fixture
def upright(write_all: Callable[[str], Written]) -> Iterator[Written]:
    yield write_all("head first")


def _write(name: str, folder: Path) -> Written:
    geometry = geometry_of(name)
    write_ct(folder / "ct", geometry, name)
    (handle,) = open_input(folder / "ct", work_dir=folder / "work").chosen
    assert isinstance(handle.origin, CtSeries)
    ct = OriginalCt.of(handle.origin.frames)
    centers = geometry.voxel_to_lps(CENTERS_VOXEL)
    uids = handle.load().source.sop_instance_uids
    template = made_series(0.9, 0.5, uid=handle.series_instance_uid)
    volume = handle.load()
    findings = []
    for finding, center in zip(template.findings, centers, strict=True):
        z = round(float(volume.geometry.lps_to_voxel(center)[0]))
        place = tuple(round(float(value), 2) for value in center)
        findings.append(
            finding.model_copy(update={"center_lps_mm": place, "sop_instance_uid": uids[z]})
        )
    scored = template.model_copy(update={"findings": findings})
    outlines = tuple(
        outline_at(number, center, radii)
        for number, (center, radii) in enumerate(zip(centers, RADII_MM, strict=True), start=1)
    )
    made = Written(geometry, scored, outlines, ct, folder)
    seg = write_segmentation(outlines, scored, made.file("seg"), ct=ct)
    write_measurement_report(scored, made.file("sr"), ct=ct, segmentation=seg, outlines=outlines)
    write_chest_cad(scored, made.file("cad-sr"), ct=ct)
    write_key_objects(scored, made.file("kos"), ct=ct)
    write_encapsulated_pdf(PDF, scored, made.file("pdf"), ct=ct, title="Report")
    return made
