from __future__ import annotations

import numpy as np
import pytest

from medical.explain.crop import Crop, crop_edge, cut
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
