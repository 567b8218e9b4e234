"""Which series of a study is read, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID

from medical.ct.quality import kernel_class
from tests.medical.dicom.make import ROOT, ct_slice, save, series, take


def spaced(mm: float) -> Callable[[Dataset, int], None]:
    def change(ds: Dataset, index: int) -> None:
        ds.ImagePositionPatient = [-10, -20, -50 + mm * index]
        ds.SliceThickness = mm

    return change


def chosen(folder: Path, tmp_path: Path) -> str:
    intake = take(folder, tmp_path)
    assert len(intake.chosen) == 1
    return intake.chosen[0].series_instance_uid.removeprefix(f"{ROOT}20")


def test_thin_before_thick(tmp_path: Path) -> None:
    series(tmp_path / "in", number=1, slices=12, change=spaced(5))
    series(tmp_path / "in", number=2, slices=60, change=spaced(1))
    intake = take(tmp_path / "in", tmp_path)
    assert intake.chosen[0].series_instance_uid == f"{ROOT}202"
    assert "best of 2 CT series" in intake.chosen[0].why_chosen
    assert intake.not_chosen == ((f"{ROOT}201", "thicker slices (5 mm against 1 mm)"),)


def test_sharp_before_soft_kernel(tmp_path: Path) -> None:
    series(tmp_path / "in", number=1, ConvolutionKernel="B30f")
    series(tmp_path / "in", number=2, ConvolutionKernel="B60f")
    assert chosen(tmp_path / "in", tmp_path) == "2"


def test_whole_chest_before_thin_piece(tmp_path: Path) -> None:
    series(tmp_path / "in", number=1, slices=20, change=spaced(0.6))
    series(tmp_path / "in", number=2, slices=60, change=spaced(2))
    assert chosen(tmp_path / "in", tmp_path) == "2"


def test_axial_before_reformat(tmp_path: Path) -> None:
    def coronal(ds: Dataset, index: int) -> None:
        ds.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
        ds.ImagePositionPatient = [-10, -20 + 1.5 * index, 30]

    series(tmp_path / "in", number=1, slices=12, change=coronal)
    series(tmp_path / "in", number=2, slices=12)
    assert chosen(tmp_path / "in", tmp_path) == "2"


def test_no_projection(tmp_path: Path) -> None:
    series(tmp_path / "in", number=1, ImageType=["DERIVED", "SECONDARY", "AXIAL", "MIP"])
    series(tmp_path / "in", number=2, ConvolutionKernel="B20f")
    assert chosen(tmp_path / "in", tmp_path) == "2"


def test_one_series_for_each_study(tmp_path: Path) -> None:
    series(tmp_path / "in" / "deep" / "er", number=1)
    series(tmp_path / "in", number=2, StudyInstanceUID="1.2.3")
    assert len(take(tmp_path / "in", tmp_path).chosen) == 2


def test_scout_is_named_as_skipped(tmp_path: Path) -> None:
    series(tmp_path / "in")
    scout = ct_slice(0, series=5, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    save(scout, tmp_path / "in" / "scout")
    intake = take(tmp_path / "in", tmp_path)
    assert intake.not_chosen == ((f"{ROOT}205", "a scout (localizer) image (1 file)"),)
    assert not intake.errors


@pytest.mark.parametrize(
    ("sop_class", "modality", "name"),
    [
        ("1.2.840.10008.5.1.4.1.1.128", "PT", "Positron Emission Tomography Image"),
        ("1.2.840.10008.5.1.4.1.1.4", "MR", "MR Image"),
        ("1.2.840.10008.5.1.4.1.1.66.4", "SEG", "Segmentation"),
        ("1.2.840.10008.5.1.4.1.1.88.33", "SR", "Comprehensive SR"),
        ("1.2.840.10008.5.1.4.1.1.481.3", "RTSTRUCT", "RT Structure Set"),
        ("1.3.12.2.1107.5.9.1", "CT", ""),
    ],
)
def test_other_objects_are_named_as_skipped(
    sop_class: str, modality: str, name: str, tmp_path: Path
) -> None:
    series(tmp_path / "in")
    other = ct_slice(0, series=6, SOPClassUID=UID(sop_class), Modality=modality)
    save(other, tmp_path / "in" / "other")
    intake = take(tmp_path / "in", tmp_path)
    assert len(intake.chosen) == 1
    assert name in intake.not_chosen[0][1]
    assert not intake.errors


def test_colour_secondary_capture_is_skipped(tmp_path: Path) -> None:
    series(tmp_path / "in")
    capture = ct_slice(
        0,
        series=7,
        SOPClassUID=UID("1.2.840.10008.5.1.4.1.1.7"),
        PhotometricInterpretation="RGB",
        SamplesPerPixel=3,
    )
    save(capture, tmp_path / "in" / "report")
    assert "secondary capture" in take(tmp_path / "in", tmp_path).not_chosen[0][1]


def test_single_slice_series_beside_a_good_one_is_no_error(tmp_path: Path) -> None:
    series(tmp_path / "in")
    save(ct_slice(0, series=8), tmp_path / "in" / "bolus.dcm")
    intake = take(tmp_path / "in", tmp_path)
    assert not intake.errors
    assert "single CT slice" in intake.not_chosen[0][1]


def test_unusable_study_beside_a_good_one_is_an_error(tmp_path: Path) -> None:
    series(tmp_path / "in")
    save(ct_slice(0, series=8, StudyInstanceUID="1.2.3"), tmp_path / "in" / "alone.dcm")
    intake = take(tmp_path / "in", tmp_path)
    assert len(intake.chosen) == 1
    assert [error.path.name for error in intake.errors] == ["alone.dcm"]


@pytest.mark.parametrize(
    ("kernel", "kind"),
    [
        ("B60f", "sharp"), ("B70s", "sharp"), ("Bl57d/3", "sharp"), ("Br64", "sharp"),
        ("I50f", "sharp"), ("LUNG", "sharp"), ("BONEPLUS", "sharp"), ("FC51", "sharp"),
        ("YC", "sharp"), ("B30f", "soft"), ("B41f", "soft"), ("Br40d/3", "soft"), ("D40s", "soft"),
        ("STANDARD", "soft"), ("SOFT", "soft"), ("FC08", "soft"), ("B", "soft"), ("", "unknown"),
    ],
)  # fmt: skip
def test_kernels_of_the_large_vendors(kernel: str, kind: str) -> None:
    assert kernel_class(kernel) == kind
