from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np

from medical.geometry import VolumeGeometry
from medical.io.nifti import nifti_affine, write_nifti

TILTED = VolumeGeometry.from_axes(
    shape=(3, 4, 5),
    origin_lps_mm=(-10, 20, -30),
    z_step_lps_mm=(0, 0.4, 2),
    y_step_lps_mm=(0, 0.7, 0.1),
    x_step_lps_mm=(-0.6, 0, 0),
)


LEFT_AND_BACK_BECOME_NEGATIVE = np.array([-1, -1, 1])


def test_affine_agrees_with_the_geometry_for_a_tilted_reversed_stack() -> None:
    z, y, x = 2, 1, 4
    nifti_mm = (nifti_affine(TILTED) @ (x, y, z, 1))[:3]
    np.testing.assert_allclose(
        nifti_mm, TILTED.voxel_to_lps((z, y, x)) * LEFT_AND_BACK_BECOME_NEGATIVE
    )


def test_file_holds_the_same_hu_at_the_same_place(tmp_path: Path) -> None:
    hu = np.arange(60, dtype=np.int16).reshape(3, 4, 5) - 1000
    write_nifti(hu, TILTED, tmp_path / "ct.nii.gz")
    image = nibabel.load(tmp_path / "ct.nii.gz")
    assert image.get_data_dtype() == np.int16
    np.testing.assert_array_equal(np.asarray(image.dataobj)[4, 1, 2], hu[2, 1, 4])
    np.testing.assert_allclose(image.affine, nifti_affine(TILTED), atol=1e-5)


def test_leaves_no_part_behind(tmp_path: Path) -> None:
    hu = np.zeros((3, 4, 5), dtype=np.int16)
    write_nifti(hu, TILTED, tmp_path / "ct.nii.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["ct.nii.gz"]
