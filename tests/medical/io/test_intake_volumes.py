"""NIfTI, NRRD and MetaImage."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from medical.errors import InputError
from tests.medical.dicom.make import read, take

SPACING_XYZ = (0.7, 0.8, 1.5)


def hu_volume() -> np.ndarray:
    z, y, x = np.mgrid[0:6, 0:10, 0:12]
    return np.asarray(-1000 + 100 * z + 10 * y + x, dtype=np.int16)


def image(hu: np.ndarray | None = None) -> sitk.Image:
    result = sitk.GetImageFromArray(hu_volume() if hu is None else hu)
    result.SetSpacing(SPACING_XYZ)
    result.SetOrigin((-10, -20, -50))
    return result


@pytest.mark.parametrize("ending", ["nii.gz", "nii", "nrrd", "mhd", "mha"])
def test_same_volume_from_every_format(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"case1.{ending}"
    sitk.WriteImage(image(), str(path))
    volume = read(path, tmp_path)
    np.testing.assert_array_equal(volume.hu, hu_volume())
    np.testing.assert_allclose(volume.geometry.origin_lps_mm, [-10, -20, -50], atol=1e-4)
    assert volume.geometry.spacing_mm == pytest.approx((1.5, 0.8, 0.7))
    assert volume.source.series_instance_uid == "case1"


def test_compressed_mhd_and_nrrd(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.nrrd", "b.mhd"):
        sitk.WriteImage(image(), str(tmp_path / "in" / name), True)
    for handle in take(tmp_path / "in", tmp_path).chosen:
        np.testing.assert_array_equal(handle.load().hu, hu_volume())


def test_eight_bit_nifti_with_slope(tmp_path: Path) -> None:
    stored = np.arange(6 * 10 * 12, dtype=np.uint8).reshape(12, 10, 6)
    nifti = nibabel.Nifti1Image(stored, np.diag([-1, -1, 2, 1]))
    nifti.header.set_slope_inter(16, -1024)
    path = tmp_path / "case.nii.gz"
    nibabel.save(nifti, path)
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[112:120] = struct.pack("<ff", 16, -1024)
    body = np.asfortranarray(stored).tobytes(order="F")
    raw[352:] = body
    path.write_bytes(gzip.compress(bytes(raw)))
    volume = read(path, tmp_path)
    np.testing.assert_array_equal(volume.hu, stored.T.astype(int) * 16 - 1024)


@pytest.mark.parametrize("axes", ["RAS", "LPS", "PIR", "SLA", "ASL"])
def test_axes_are_put_in_the_patients_order(axes: str, tmp_path: Path) -> None:
    source = image()
    turned = sitk.DICOMOrient(source, axes)
    path = tmp_path / "case.nii.gz"
    sitk.WriteImage(turned, str(path))
    volume = read(path, tmp_path)
    np.testing.assert_array_equal(volume.hu, hu_volume())
    np.testing.assert_allclose(volume.geometry.origin_lps_mm, [-10, -20, -50], atol=1e-4)


def test_float_with_holes(tmp_path: Path) -> None:
    hu = hu_volume().astype(np.float32)
    hu[0, 0, :3] = (np.nan, np.inf, -np.inf)
    path = tmp_path / "case.nrrd"
    sitk.WriteImage(image(hu), str(path))
    assert (read(path, tmp_path).hu[0, 0, :3] == -1024).all()


def test_field_of_view_padding_is_air(tmp_path: Path) -> None:
    hu = hu_volume()
    hu[0] = -2000
    sitk.WriteImage(image(hu), str(tmp_path / "case.mha"))
    assert (read(tmp_path / "case.mha", tmp_path).hu[0] == -1024).all()


def test_two_files_of_one_name_get_two_ids(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / "in" / folder).mkdir(parents=True)
        sitk.WriteImage(image(), str(tmp_path / "in" / folder / "ct.nii.gz"))
    uids = [series.series_instance_uid for series in take(tmp_path / "in", tmp_path).chosen]
    assert uids == ["ct", "ct-2"]


def refused(path: Path, tmp_path: Path) -> str:
    with pytest.raises(InputError) as caught:
        take(path, tmp_path).chosen[0].load()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("ending", ["nii.gz", "nii", "nrrd", "mha"])
def test_truncated(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"case.{ending}"
    noise = np.random.default_rng(0).integers(-1000, 1000, size=(20, 30, 40)).astype(np.int16)
    sitk.WriteImage(image(noise), str(path))
    path.write_bytes(path.read_bytes()[:9000])
    refused(path, tmp_path)


@pytest.mark.parametrize("ending", ["nii.gz", "nii", "nrrd", "mhd", "mha"])
def test_rubbish(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"case.{ending}"
    path.write_bytes(b"rubbish")
    refused(path, tmp_path)


@pytest.mark.parametrize("ending", ["nii.gz", "nii", "nrrd", "mhd", "mha"])
def test_empty(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"case.{ending}"
    path.touch()
    refused(path, tmp_path)


def test_missing_raw_file(tmp_path: Path) -> None:
    path = tmp_path / "case.mhd"
    sitk.WriteImage(image(), str(path))
    (tmp_path / "case.raw").unlink()
    assert "case.raw is missing" in refused(path, tmp_path)


@pytest.mark.parametrize("target", ["/etc/passwd", "../secret.raw"])
def test_header_that_points_outside(target: str, tmp_path: Path) -> None:
    path = tmp_path / "case.mhd"
    sitk.WriteImage(image(), str(path))
    path.write_text(path.read_text().replace("case.raw", target))
    assert "outside of its folder" in refused(path, tmp_path)


def test_absurd_size_is_refused_before_allocation(tmp_path: Path) -> None:
    path = tmp_path / "case.mhd"
    sitk.WriteImage(image(), str(path))
    path.write_text(path.read_text().replace("DimSize = 12 10 6", "DimSize = 90000 90000 90000"))
    assert "too large" in refused(path, tmp_path)


def test_values_that_are_no_hounsfield_units(tmp_path: Path) -> None:
    path = tmp_path / "mask.nii.gz"
    sitk.WriteImage(image((hu_volume() > 0).astype(np.uint8)), str(path))
    assert "not Hounsfield units" in refused(path, tmp_path)


def test_several_time_points(tmp_path: Path) -> None:
    path = tmp_path / "case.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.full((4, 4, 4, 3), -1000, np.int16), np.eye(4)), path)
    assert "not one 3D volume" in refused(path, tmp_path)


def test_colour(tmp_path: Path) -> None:
    path = tmp_path / "case.nrrd"
    sitk.WriteImage(sitk.Compose([image()] * 3), str(path))
    assert "colour" in refused(path, tmp_path)


def test_impossible_voxel_size(tmp_path: Path) -> None:
    path = tmp_path / "case.nii"
    nibabel.save(nibabel.Nifti1Image(hu_volume(), np.diag([900.0, 1, 1, 1])), path)
    assert "impossible voxel size" in refused(path, tmp_path)


def test_truncated_raw_file(tmp_path: Path) -> None:
    sitk.WriteImage(image(), str(tmp_path / "case.mhd"))
    raw = tmp_path / "case.raw"
    raw.write_bytes(raw.read_bytes()[:-100])
    assert "cut short" in refused(tmp_path / "case.mhd", tmp_path)


@pytest.mark.parametrize("ending", ["nii", "nrrd", "mhd", "mha"])
def test_damaged_header_prints_nothing(
    ending: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"case.{ending}"
    path.write_bytes(b"NDims = 3\nrubbish")
    refused(path, tmp_path)
    assert capfd.readouterr().err == ""
