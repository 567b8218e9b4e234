"""Masks grown and shrunk by balls are what distance transforms tell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from medical.ct.balls import close, fill_in_plane, grow, shrink

RADII = [0.8, 1.0, 1.5, 2.0, 2.9, 4.0]


@pytest.fixture(params=[0.002, 0.3, 0.97])
def mask(request: pytest.FixtureRequest) -> np.ndarray:
    draw = np.random.default_rng(0).random((17, 22, 19))
    return np.asarray(draw < request.param)


@pytest.mark.parametrize("radius", RADII)
def test_grown_is_what_lies_within_the_radius(mask: np.ndarray, radius: float) -> None:
    expected = ndimage.distance_transform_edt(~mask) <= radius
    before = mask.copy()
    np.testing.assert_array_equal(grow(mask, radius_voxel=radius), expected)
    np.testing.assert_array_equal(mask, before)


@pytest.mark.parametrize("radius", RADII)
def test_shrunk_is_what_lies_deeper_than_the_radius(mask: np.ndarray, radius: float) -> None:
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1, 1:-1]
    np.testing.assert_array_equal(shrink(mask, radius_voxel=radius), depth > radius)


@pytest.mark.parametrize("radius", [2.0, 4.0])
def test_closed_is_grown_and_shrunk_again(mask: np.ndarray, radius: float) -> None:
    padded = np.pad(mask, 6)
    grown = ndimage.distance_transform_edt(~padded) <= radius
    shrunk = ndimage.distance_transform_edt(grown) > radius
    expected = (shrunk | padded)[6:-6, 6:-6, 6:-6]
    np.testing.assert_array_equal(close(mask, radius_voxel=radius), expected)


def test_an_empty_mask_stays_empty() -> None:
    empty = np.zeros((5, 6, 7), bool)
    assert not grow(empty, radius_voxel=2.0).any()
    assert not close(empty, radius_voxel=2.0).any()
    assert not fill_in_plane(empty).any()


def test_holes_are_filled_slice_by_slice(mask: np.ndarray) -> None:
    expected = np.stack([ndimage.binary_fill_holes(plane) for plane in mask])
    np.testing.assert_array_equal(fill_in_plane(mask), expected)
