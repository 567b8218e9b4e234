"""Valid volume files as other programs write them: as large, and where, as the original."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from medical.ct.volume import CtVolume
from medical.io.volume_files import read_volume_file

AFFINE = np.diag([-1.5, -1.5, 2.0, 1.0])
AFFINE[:3, 3] = (40.0, 30.0, -20.0)


@pytest.fixture
def image() -> nibabel.Nifti1Image:
    hu = np.random.default_rng(1).integers(-1000, 500, (10, 12, 14)).astype(np.int16)
    return nibabel.Nifti1Image(hu, AFFINE)


@pytest.fixture
def original(image: nibabel.Nifti1Image, tmp_path: Path) -> CtVolume:
    nibabel.save(image, tmp_path / "original.nii.gz")
    return read_volume_file(tmp_path / "original.nii.gz")


def expect_same(path: Path, original: CtVolume) -> None:
    read = read_volume_file(path)
    np.testing.assert_array_equal(read.hu, original.hu)
    np.testing.assert_allclose(
        read.geometry.affine_lps_mm, original.geometry.affine_lps_mm, atol=1e-4
    )


@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
@pytest.mark.parametrize("length", [20, 600, 40_000])
def test_a_nifti_with_extensions(
    length: int, ending: str, image: nibabel.Nifti1Image, original: CtVolume, tmp_path: Path
) -> None:
    image.header.extensions.append(
        nibabel.nifti1.Nifti1Extension("afni", b"<AFNI/>" + b" " * length)
    )
    nibabel.save(image, tmp_path / f"ct.{ending}")
    expect_same(tmp_path / f"ct.{ending}", original)


@pytest.mark.parametrize("ending", ["nii.gz", "nrrd", "nhdr", "mha", "mhd"])
def test_four_dimensions_of_which_the_last_is_a_single_time_point(
    ending: str, original: CtVolume, tmp_path: Path
) -> None:
    volume = sitk.JoinSeries([sitk.ReadImage(str(tmp_path / "original.nii.gz"))], 0.0, 5.0)
    sitk.WriteImage(volume, str(tmp_path / f"ct.{ending}"))
    expect_same(tmp_path / f"ct.{ending}", original)


@pytest.mark.parametrize("space", ["left-posterior-superior-time", "LPST"])
def test_an_nrrd_in_space_and_time(
    space: str, image: nibabel.Nifti1Image, original: CtVolume, tmp_path: Path
) -> None:
    header = (
        f"NRRD0005\ntype: short\ndimension: 4\nspace: {space}\nsizes: 10 12 14 1\n"
        "space directions: (1.5,0,0,0) (0,1.5,0,0) (0,0,2,0) (0,0,0,1)\n"
        "space origin: (-40,-30,-20,0)\nendian: little\nencoding: gzip\n\n"
    )
    hu = np.asarray(image.dataobj).astype("<i2").tobytes(order="F")
    (tmp_path / "ct.nrrd").write_bytes(header.encode() + gzip.compress(hu))
    expect_same(tmp_path / "ct.nrrd", original)


def test_a_meta_image_with_empty_lines_and_truth_in_digits(
    image: nibabel.Nifti1Image, original: CtVolume, tmp_path: Path
) -> None:
    header = (
        "ObjectType = Image\nNDims = 3\n\nBinaryData = 1\nBinaryDataByteOrderMSB = 0\n"
        "DimSize = 10 12 14\n\nElementSpacing = 1.5 1.5 2\nOffset = -40 -30 -20\n"
        "ElementType = MET_SHORT\nElementDataFile = LOCAL\n"
    )
    hu = np.asarray(image.dataobj).astype("<i2").tobytes(order="F")
    (tmp_path / "ct.mha").write_bytes(header.encode() + hu)
    expect_same(tmp_path / "ct.mha", original)
