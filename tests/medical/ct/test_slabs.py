"""Work cut into slabs is the work on the whole, however many threads there are."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from scipy import ndimage

from medical.ct import lungs, slabs
from medical.ct.balls import fill_in_plane, grow, largest_in_plane
from medical.ct.diffuse_disease import DENSE_HU, INSIDE_MM, measure_dense_share
from medical.ct.lungs import lung_mask
from medical.ct.slabs import begin, map_each, map_slabs, slabs_of
from tests.medical.ct.chest import SPACING_MM, make_chest


@pytest.fixture(params=[1, 3, 8])
def threads(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(slabs, "thread_count", lambda: request.param)
    return int(request.param)


@pytest.mark.parametrize("depth", [1, 7, 8, 23, 64, 101])
def test_slabs_cover_a_depth_once(threads: int, depth: int) -> None:
    parts = slabs_of(depth)
    assert [z for part in parts for z in range(part.start, part.stop)] == list(range(depth))
    assert 1 <= len(parts) <= threads


def test_results_come_in_the_order_of_the_items(threads: int) -> None:
    assert map_each(str, range(50)) == [str(number) for number in range(50)]


def test_what_fails_in_a_thread_is_raised(threads: int) -> None:
    with pytest.raises(ValueError, match="chest"):
        map_each(int, ["1", "chest", "3"])


def test_what_was_begun_ends_or_fails_when_it_is_wanted(threads: int) -> None:
    assert begin(np.full, (2,), fill_value=3).result().tolist() == [3, 3]
    failing = begin(int, "chest")
    with pytest.raises(ValueError, match="chest"):
        failing.result()
    beside = begin(threading.get_ident).result() != threading.get_ident()
    assert beside == (threads > 3)


def test_the_body_is_found_wherever_it_runs_along_an_edge() -> None:
    tissue = np.random.default_rng(5).random((40, 12, 14)) < 0.45
    tissue[::2, [0, -1]] = tissue[::2, :, [0, -1]] = False
    tissue[4, 0, 3] = True  # a single voxel is no run
    whole, body = largest_in_plane(tissue), lungs._body_at_the_edge(tissue)
    at_edge = np.ones(tissue.shape[1:], bool)
    at_edge[1:-1, 1:-1] = False
    np.testing.assert_array_equal(body[1::2], whole[1::2])
    assert not body[::2].any()
    assert whole[::2][:, at_edge].sum() <= 1


def test_slabs_of_two_volumes_stay_together(threads: int) -> None:
    a, b = np.random.default_rng(0).random((2, 37, 5, 4))
    np.testing.assert_array_equal(map_slabs(np.subtract, a, b), a - b)


def largest(plane: np.ndarray) -> np.ndarray:
    labels, count = ndimage.label(plane)
    return np.asarray(labels == 1 + np.bincount(labels.ravel())[1:].argmax() if count else plane)


def test_masks_are_those_of_the_whole(threads: int) -> None:
    mask = np.random.default_rng(1).random((45, 30, 28)) < 0.4
    mask[[0, 7, 20, 21, 44]] = False
    mask[10] = True
    expected = np.stack([ndimage.binary_fill_holes(plane) for plane in mask])
    np.testing.assert_array_equal(fill_in_plane(mask), expected)
    np.testing.assert_array_equal(largest_in_plane(mask), np.stack([*map(largest, mask)]))
    sparse = np.random.default_rng(2).random(mask.shape) < 0.003
    near = ndimage.distance_transform_edt(~sparse) <= 4
    np.testing.assert_array_equal(grow(sparse, radius_voxel=4), near)


def test_the_dense_share_is_that_of_the_whole(threads: int) -> None:
    draw = np.random.default_rng(3)
    lung = ndimage.binary_opening(draw.random((50, 40, 42)) < 0.9, iterations=1)
    lung = ndimage.binary_dilation(lung, iterations=2)
    hu = draw.uniform(-900, 0, lung.shape).astype(np.float32)
    values = hu[ndimage.binary_erosion(lung, iterations=INSIDE_MM)]
    assert len(values)
    expected = np.mean((values > DENSE_HU[0]) & (values < DENSE_HU[1]))
    assert measure_dense_share(hu, lung) == expected


def test_lungs_do_not_depend_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    masks: list[np.ndarray] = []
    for count in (1, 5):
        monkeypatch.setattr(slabs, "thread_count", lambda count=count: count)
        masks.append(lung_mask(make_chest(), spacing_mm=SPACING_MM))
    assert masks[0].any()
    np.testing.assert_array_equal(masks[0], masks[1])
