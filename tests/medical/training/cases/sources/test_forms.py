"""Truth in the forms that other programs write."""

from __future__ import annotations

from pathlib import Path

import highdicom as hd
import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import generate_uid

from medical.ct.volume import CtVolume, SeriesSource
from medical.errors import InputError
from medical.evaluation.tables import ReferenceFinding
from medical.geometry import VolumeGeometry
from medical.training.cases.sources.collect import Collected, collect
from medical.training.cases.sources.masks import mask_lesions, mask_of
from medical.training.cases.sources.segmentation import segmentation_lesions
from medical.training.cases.truth import implausible_lesions
from tests.logs import logged
from tests.medical.dicom.make import series, take
from tests.medical.training.cases.sources.made import (
    CENTER_LPS_MM,
    RADIUS_MM,
    SERIES,
    ball,
    made_ct,
    write_segmentation,
)

AFFINE = np.array([[-1.0, 0, 0, 15], [0, -1.0, 0, 15], [0, 0, 1.0, -10], [0, 0, 0, 1]])


def nifti(path: Path, values: np.ndarray, *, sform: np.ndarray = AFFINE, **codes_: object) -> Path:
    """Write ``[z, y, x]``; ``qform`` and its code where they differ from the sform."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(values.T, None)
    image.set_qform(codes_.get("qform", sform), int(codes_.get("qcode", 1)), strip_shears=True)
    image.set_sform(sform, int(codes_.get("scode", 1)))
    nibabel.save(image, path)
    return path


def chest() -> np.ndarray:
    hu = np.full((20, 30, 30), -850, np.int16)
    hu[:, :3] = 40
    hu[8:13, 13:18, 13:18] = 30
    return hu


def mask() -> np.ndarray:
    outline = np.zeros((20, 30, 30), np.uint8)
    outline[8:13, 13:18, 13:18] = 1
    return outline


def taken(folder: Path, tmp_path: Path) -> tuple[Collected, list[str]]:
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    with logged() as log:
        return collect(folder, out=tmp_path / "out", truth=None, work=work), log


@pytest.mark.parametrize("scode", [1, 2])
def test_mask_and_ct_are_placed_by_the_same_form(tmp_path: Path, scode: int) -> None:
    other = AFFINE.copy()
    other[:3, 3] += (20, -15, 0)
    folder = tmp_path / "in"
    for name, values in (("a", chest()), ("a_mask", mask())):
        nifti(folder / f"{name}.nii.gz", values, qform=other, scode=scode)
    cases, log = taken(folder, tmp_path)
    np.testing.assert_allclose(cases.truth[0].center_lps_mm, (0, 0, 0), atol=0.1)
    assert any("from a_mask.nii.gz class 1" in line for line in log)


def test_axes_that_are_not_square_are_read(tmp_path: Path) -> None:
    sheared = AFFINE.copy()
    sheared[0, 1] += 0.002
    sheared[2, 0] += 0.0015
    path = nifti(tmp_path / "a_mask.nii.gz", mask(), sform=sheared, qcode=0)
    (lesion,) = mask_lesions(path, series_uid="a", place="a")
    np.testing.assert_allclose(lesion.center_lps_mm, (0, 0, 0), atol=0.1)


def test_a_mask_with_another_place_in_its_header_is_refused(tmp_path: Path) -> None:
    nifti(tmp_path / "in" / "a.nii.gz", chest())
    nifti(tmp_path / "in" / "a_mask.nii.gz", mask(), sform=np.eye(4))
    with pytest.raises(InputError, match="places them elsewhere"):
        taken(tmp_path / "in", tmp_path)


@pytest.mark.parametrize("pattern", ["{}.nii.gz", "case_{}.nii.gz", "images/v_{}.nii.gz"])
def test_numbers_of_four_digits_are_names_not_channels(tmp_path: Path, pattern: str) -> None:
    folder = tmp_path / "in"
    for number in ("0001", "0002"):
        name = pattern.format(number)
        nifti(folder / name, chest())
        inside = name.replace("images/", "labels/")
        nifti(folder / (inside if "/" in name else name.replace(".nii", "_mask.nii")), mask())
    cases, _ = taken(folder, tmp_path)
    assert len(cases.handles) == len(cases.truth) == 2
    assert {item.series_uid for item in cases.truth} == {
        handle.series_instance_uid for handle in cases.handles
    }


def test_a_channel_number_still_finds_its_mask(tmp_path: Path) -> None:
    masks = [tmp_path / "labelsTr" / f"case_{n}.nii.gz" for n in (1, 2)]
    assert mask_of(tmp_path / "imagesTr" / "case_1_0000.nii.gz", masks) == masks[0]


def test_masks_that_sort_before_their_cts_take_no_name(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    nifti(folder / "labels" / "case1.nii.gz", mask())
    nifti(folder / "volumes" / "case1.nii.gz", chest())
    (handle,) = taken(folder, tmp_path)[0].handles
    assert handle.series_instance_uid == "case1"


def test_of_a_probability_the_half_counts(tmp_path: Path) -> None:
    z, y, x = np.indices((20, 30, 30)) - np.array([10, 15, 15])[:, None, None, None]
    away = np.sqrt(z**2 + y**2 + x**2)
    share = (1 / (1 + np.exp((away - 5.0) / 1.5))).astype(np.float32)
    path = nifti(tmp_path / "a_mask.nii.gz", share)
    (lesion,) = mask_lesions(path, series_uid="a", place="a")
    assert lesion.diameter_mm == pytest.approx(10.0, abs=1.0)


@pytest.mark.parametrize("kind", ["FRACTIONAL", "LABELMAP"])
def test_other_kinds_of_segmentation(tmp_path: Path, kind: str) -> None:
    ct = made_ct(tmp_path / "in" / "ct")
    shown = ball(ct)
    if kind == "FRACTIONAL":
        pixels = np.where(shown, 0.9, 0.1).astype(np.float32)
    else:
        pixels = shown.astype(np.uint8)
    description = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label="one",
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Nodule,
        algorithm_type="MANUAL",
    )
    made = hd.seg.Segmentation(
        source_images=ct,
        pixel_array=pixels,
        segmentation_type=kind,
        segment_descriptions=[description],
        series_instance_uid=generate_uid(),
        series_number=7,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="m",
        manufacturer_model_name="m",
        software_versions="1",
        device_serial_number="1",
    )
    path = tmp_path / "in" / "seg.dcm"
    made.save_as(path)
    (lesion,) = segmentation_lesions(path, place="seg.dcm")
    np.testing.assert_allclose(lesion.center_lps_mm, CENTER_LPS_MM, atol=0.5)
    assert lesion.diameter_mm == pytest.approx(2 * RADIUS_MM, abs=1.0)
    assert len(taken(tmp_path / "in", tmp_path)[0].truth) == 1


def test_the_series_that_is_outlined_is_chosen(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    ct = made_ct(folder / "thick")
    series(folder / "thin", number=2, slices=24, SliceThickness=0.5, change=_half_steps)
    write_segmentation(folder / "seg.dcm", ct)
    assert take(folder, tmp_path).chosen[0].series_instance_uid != SERIES
    cases, _ = taken(folder, tmp_path)
    assert [handle.series_instance_uid for handle in cases.handles] == [SERIES]


def test_a_table_chooses_its_series_too(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    made_ct(folder / "thick")
    series(folder / "thin", number=2, slices=24, SliceThickness=0.5, change=_half_steps)
    rows = f"seriesuid,coordX,coordY,coordZ,diameter_mm\n{SERIES},1,2,-45,9\n1.2.9,1,2,3,9\n"
    (folder / "annotations.csv").write_text(rows)
    cases, log = taken(folder, tmp_path)
    assert [handle.series_instance_uid for handle in cases.handles] == [SERIES]
    assert "left out: annotations.csv row 3: its series 1.2.9 is not among the CTs" in log


def test_a_lesion_of_a_series_that_is_not_there_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    ct = made_ct(folder / "ct")
    write_segmentation(folder / "a.dcm", ct)
    other = pydicom.dcmread(folder / "a.dcm")
    other.ReferencedSeriesSequence[0].SeriesInstanceUID = "1.2.840.99999.1.5"
    other.save_as(folder / "b.dcm")
    _, log = taken(folder, tmp_path)
    assert any("b.dcm segment 1: its series 1.2.840.99999.1.5 is not among" in s for s in log)


def _half_steps(ds: Dataset, index: int) -> None:
    ds.ImagePositionPatient = [-10.0, -20.0, -50.0 + 0.75 * index]


@pytest.mark.parametrize(
    ("center", "what"),
    [((0.0, 0.0, 0.0), None), ((8.0, 8.0, 0.0), "lung without"), ((-9.0, 9.0, 0.0), "air")],
)
def test_a_centre_in_no_nodule_is_asked_about(
    center: tuple[float, float, float], what: str | None
) -> None:
    hu = chest()
    hu[:, 20:28, 2:10] = -1000
    geometry = VolumeGeometry.axial(
        shape=hu.shape, spacing_mm=(1.0, 1.0, 1.0), origin_lps_mm=(-15.0, -15.0, -10.0)
    )
    ct = CtVolume(hu, geometry, SeriesSource("a"))
    asked = implausible_lesions([ReferenceFinding("a", center, 5.0, row=7)], ct)
    assert len(asked) == (what is not None)
    assert all(f"row 7 of a: its middle is {what}" in question for question in asked)
