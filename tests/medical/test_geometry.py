"""Voxels to the patient and back, and the same answers as SimpleITK and highdicom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from medical.geometry import VolumeGeometry
from tests.medical.dicom.make import read, series


def random_geometry(seed: int, *, shear: float) -> VolumeGeometry:
    rng = np.random.default_rng(seed)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    spacing = rng.uniform(0.4, 5, size=3)
    affine = np.eye(4)
    affine[:3, :3] = turn * spacing
    affine[:3, 0] += shear * spacing[0] * turn[:, 1]
    affine[:3, 3] = rng.uniform(-500, 500, size=3)
    return VolumeGeometry((300, 512, 512), affine)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("shear", [0.0, 0.4])
def test_round_trip_within_a_micrometre(seed: int, shear: float) -> None:
    geometry = random_geometry(seed, shear=shear)
    voxels = np.random.default_rng(seed).uniform(-1, 513, size=(200, 3))
    points = geometry.voxel_to_lps(voxels)
    again = geometry.voxel_to_lps(geometry.lps_to_voxel(points))
    np.testing.assert_allclose(again, points, atol=1e-3)
    np.testing.assert_allclose(geometry.lps_to_voxel(points), voxels, atol=1e-6)


def test_spacing_of_an_oblique_stack() -> None:
    geometry = VolumeGeometry.from_axes(
        shape=(2, 2, 2),
        origin_lps_mm=(0, 0, 0),
        z_step_lps_mm=(0, 3, 4),
        y_step_lps_mm=(0, -0.8, 0.6),
        x_step_lps_mm=(0.5, 0, 0),
    )
    assert geometry.spacing_mm == pytest.approx((5, 1, 0.5))


def test_shear_does_not_change_a_voxels_volume() -> None:
    straight, sheared = random_geometry(3, shear=0), random_geometry(3, shear=0.7)
    assert sheared.voxel_volume_mm3 == pytest.approx(straight.voxel_volume_mm3)


def test_cropping_moves_no_voxel() -> None:
    geometry = random_geometry(4, shear=0.2)
    cropped = geometry.cropped((10, 20, 30), (50, 60, 70))
    assert cropped.shape == (40, 40, 40)
    np.testing.assert_allclose(
        cropped.voxel_to_lps((1, 2, 3)), geometry.voxel_to_lps((11, 22, 33)), atol=1e-9
    )


def test_isotropic_grid_holds_every_corner() -> None:
    geometry = random_geometry(5, shear=0.2).cropped((0, 0, 0), (20, 30, 40))
    grid = geometry.isotropic(1.0)
    corner = grid.lps_to_voxel(geometry.voxel_to_lps([(0, 0, 0), (19, 29, 39)]))
    assert (corner >= -1e-6).all()
    assert (corner <= np.array(grid.shape)).all()


@pytest.mark.parametrize("affine", [np.zeros((4, 4)), np.full((4, 4), np.nan), np.eye(3)])
def test_impossible_affine_is_refused(affine: np.ndarray) -> None:
    with pytest.raises(ValueError, match="affine_lps_mm"):
        VolumeGeometry((2, 2, 2), affine)


def test_empty_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        VolumeGeometry((0, 2, 2), np.eye(4))


def test_agrees_with_simpleitk_on_a_series(tmp_path: Path) -> None:
    import SimpleITK as sitk  # noqa: N813

    folder = series(tmp_path / "in")
    volume = read(folder, tmp_path)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    image = reader.Execute()
    for z, y, x in [(0, 0, 0), (7, 35, 31), (3, 10, 20)]:
        point = image.TransformIndexToPhysicalPoint((x, y, z))
        np.testing.assert_allclose(volume.geometry.voxel_to_lps((z, y, x)), point, atol=1e-3)
        assert volume.hu[z, y, x] == image[x, y, z]


def test_agrees_with_highdicom_on_every_slice(tmp_path: Path) -> None:
    from highdicom.spatial import PixelToReferenceTransformer
    from pydicom import dcmread

    folder = series(tmp_path / "in", ImageOrientationPatient=[0.8, 0.6, 0, 0, 0, -1])
    headers = [dcmread(path) for path in folder.iterdir()]
    cosines = headers[0].ImageOrientationPatient
    normal = np.cross(cosines[:3], cosines[3:])
    for index, header in enumerate(sorted(headers, key=lambda ds: ds.InstanceNumber)):
        header.ImagePositionPatient = [round(v, 4) for v in index * 1.5 * normal]
        header.save_as(folder / f"s1-{index:03d}.dcm")
    volume = read(folder, tmp_path)
    for header in headers:
        place = volume.source.sop_instance_uids.index(header.SOPInstanceUID)
        transform = PixelToReferenceTransformer(
            image_position=header.ImagePositionPatient,
            image_orientation=header.ImageOrientationPatient,
            pixel_spacing=header.PixelSpacing,
        )
        want = transform(np.array([[11, 22]]))[0]  # (column, row)
        np.testing.assert_allclose(volume.geometry.voxel_to_lps((place, 22, 11)), want, atol=1e-3)
