"""The crop that is explained, and the map over it."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from medical.explain.subject import Crop, Explanation, crop_edge, cut
from medical.geometry import VolumeGeometry


def volume(edge: int = 80) -> tuple[np.ndarray, VolumeGeometry]:
    hu = np.random.default_rng(1).normal(-800, 50, (edge,) * 3).astype(np.float32)
    geometry = VolumeGeometry.axial(
        shape=hu.shape, spacing_mm=(1.0, 1.0, 1.0), origin_lps_mm=(5.0, -7.0, 100.0)
    )
    return hu, geometry


def test_the_finding_stays_where_it_is_in_the_patient() -> None:
    hu, geometry = volume()
    crop = cut(hu, geometry, center_voxel=(40.3, 30.0, 50.8), diameter_mm=8.0)
    there = crop.geometry.voxel_to_lps(crop.center_voxel)
    assert there == pytest.approx(geometry.voxel_to_lps((40.3, 30.0, 50.8)))


def test_hu_are_those_of_the_same_place() -> None:
    hu, geometry = volume()
    crop = cut(hu, geometry, center_voxel=(40.0, 41.0, 42.0), diameter_mm=8.0, shift=(3, -2, 1))
    z, y, x = (round(c) for c in crop.center_voxel)
    assert crop.hu[z, y, x] == hu[40, 41, 42]


def test_beyond_the_volume_its_edge_is_repeated() -> None:
    hu, geometry = volume()
    crop = cut(hu, geometry, center_voxel=(2.0, 40.0, 40.0), diameter_mm=8.0)
    assert np.array_equal(crop.hu[0], crop.hu[30])


def test_a_large_finding_gets_a_wide_crop() -> None:
    assert crop_edge(40.0) > crop_edge(8.0)


def test_voxels_that_are_not_1_mm_are_refused() -> None:
    hu, _ = volume()
    geometry = VolumeGeometry.axial(shape=hu.shape, spacing_mm=(2.5, 0.7, 0.7))
    with pytest.raises(ValueError, match=r"2\.5"):
        cut(hu, geometry, center_voxel=(40, 40, 40), diameter_mm=8.0)


def test_a_finding_outside_the_volume_is_refused() -> None:
    hu, geometry = volume()
    with pytest.raises(ValueError, match="outside"):
        cut(hu, geometry, center_voxel=(40, 40, 99), diameter_mm=8.0)


def test_an_edge_that_the_detector_cannot_halve_is_refused() -> None:
    hu, geometry = volume()
    with pytest.raises(ValueError, match="80"):
        Crop(hu[:60], geometry.cropped((0, 0, 0), (60, 80, 80)), (30.0, 40.0, 40.0), 8.0)


def test_a_diameter_of_nothing_is_refused() -> None:
    hu, geometry = volume()
    with pytest.raises(ValueError, match="diameter_mm"):
        Crop(hu, geometry, (30.0, 40.0, 40.0), 0.0)


def at(crop: Crop, where: tuple[int, int, int]) -> Explanation:
    values = np.zeros(crop.hu.shape)
    values[where] = 3.0
    return Explanation.scaled(values, crop, method="one voxel")


def test_the_strongest_voxel_becomes_1(crop: Crop) -> None:
    assert at(crop, (3, 4, 5)).values.max() == 1.0


def test_what_speaks_against_the_finding_is_dropped(crop: Crop) -> None:
    values = np.full(crop.hu.shape, -2.0)
    values[1, 2, 3] = 0.5
    assert Explanation.scaled(values, crop, method="x").values.sum() == 1.0


def test_an_empty_map_stays_empty(crop: Crop) -> None:
    assert not Explanation.scaled(np.zeros(crop.hu.shape), crop, method="x").values.any()


def test_values_that_are_no_numbers_are_refused(crop: Crop) -> None:
    with pytest.raises(ValueError, match="not finite"):
        Explanation.scaled(np.full(crop.hu.shape, np.nan), crop, method="x")


def test_a_map_of_another_shape_is_refused(crop: Crop) -> None:
    with pytest.raises(ValueError, match=r"\(4, 4, 4\)"):
        Explanation(np.zeros((4, 4, 4), np.float32), crop, "x")


def test_an_unknown_target_is_refused(crop: Crop) -> None:
    with pytest.raises(ValueError, match="colour"):
        Explanation(np.zeros(crop.hu.shape, np.float32), crop, "x", "colour")  # type: ignore[arg-type]


def test_nifti_puts_the_peak_at_its_place_in_the_patient(crop: Crop, tmp_path: Path) -> None:
    peak = (5, 11, 40)
    at(crop, peak).write_nifti(tmp_path / "map.nii.gz")
    image = nibabel.load(tmp_path / "map.nii.gz")
    where = np.unravel_index(int(np.asarray(image.dataobj).argmax()), image.shape)
    ras = nibabel.affines.apply_affine(image.affine, where)
    assert ras * (-1, -1, 1) == pytest.approx(crop.geometry.voxel_to_lps(peak))
