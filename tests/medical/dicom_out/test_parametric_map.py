from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from medical.dicom_out.parametric_map import write_parametric_map
from medical.dicom_out.provenance import source_headers
from medical.geometry import VolumeGeometry

SAMPLE = Path(__file__).parents[3] / "sample_data" / "ct"
VALUES = np.random.default_rng(0).random((5, 8, 6)).astype(np.float32)
GEOMETRY = VolumeGeometry.axial(
    shape=VALUES.shape, spacing_mm=(1.0, 1.0, 1.0), origin_lps_mm=(-20.0, 7.0, -150.0)
)


@pytest.fixture(scope="module")
def sources() -> list[Dataset]:
    return source_headers(sorted(SAMPLE.glob("*.dcm"))[:3])


@pytest.fixture(scope="module")
def written(sources: list[Dataset], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("map") / "map.dcm"
    write_parametric_map(
        VALUES,
        GEOMETRY,
        path,
        sources=sources,
        label="ATTENTION",
        description="made for a test",
        software="test 1",
    )
    return path


def test_every_value_is_read_back_at_its_place(written: Path) -> None:
    read = pydicom.dcmread(written)
    back = np.full(VALUES.shape, np.nan, np.float32)
    for frame, groups in zip(read.pixel_array, read.PerFrameFunctionalGroupsSequence, strict=True):
        corner = [float(v) for v in groups.PlanePositionSequence[0].ImagePositionPatient]
        z, y, x = GEOMETRY.lps_to_voxel(corner)
        assert (y, x) == pytest.approx((0, 0), abs=1e-3)
        back[round(z)] = frame
    assert np.array_equal(back, VALUES)


def test_it_belongs_to_the_cts_patient_and_study(written: Path, sources: list[Dataset]) -> None:
    read, ct = pydicom.dcmread(written), sources[0]
    for name in ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert read[name].value == ct[name].value
    assert read.SeriesInstanceUID != ct.SeriesInstanceUID


def test_it_says_that_it_is_research(written: Path) -> None:
    assert pydicom.dcmread(written).ContentQualification == "RESEARCH"


def test_values_beyond_1_are_refused(sources: list[Dataset], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2"):
        write_parametric_map(
            VALUES * 0 + 2,
            GEOMETRY,
            tmp_path / "map.dcm",
            sources=sources,
            label="X",
            description="x",
            software="x",
        )


def test_a_map_without_a_ct_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one source"):
        write_parametric_map(
            VALUES,
            GEOMETRY,
            tmp_path / "map.dcm",
            sources=[],
            label="X",
            description="x",
            software="x",
        )


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed")
def test_dciodvfy_finds_no_error(written: Path) -> None:
    completed = subprocess.run(["dciodvfy", written], capture_output=True, text=True, check=False)
    assert not [line for line in completed.stderr.splitlines() if line.startswith("Error")]


@pytest.mark.skipif(shutil.which("dcmdump") is None, reason="DCMTK is not installed")
def test_dcmtk_reads_it(written: Path) -> None:
    completed = subprocess.run(["dcmdump", written], capture_output=True, text=True, check=False)
    assert completed.returncode == 0
    assert "=ParametricMapStorage" in completed.stdout
