"""What is seen of a lungs' box fits the network, holds the lungs, and says where things lie."""

from __future__ import annotations

import numpy as np
import pytest

from medical.detection import seen_box
from medical.detection.candidates import find_in_box
from medical.detection.seen_box import MIN_MARGIN_VOXEL, box_window, trim_margins
from models.detector.contract import CHANNELS_OUT, HEAT, STRIDE


@pytest.mark.parametrize("shape", [(20, 30, 500), (700, 400, 400), (293, 214, 278)])
def test_what_is_seen_of_a_box_suits_the_networks_and_memory(shape: tuple[int, int, int]) -> None:
    window = box_window(shape)
    assert all(edge % 16 == 0 and edge >= 64 for edge in window)
    assert np.prod(window) <= max(seen_box.MAX_BOX_VOXELS, 64**3)
    assert window[1:] == tuple(max(64, n + -n % 16) for n in shape[1:])


def lung_in(shape: tuple[int, ...], margins: tuple[tuple[int, int], ...]) -> np.ndarray:
    lung = np.zeros(shape, bool)
    lung[tuple(slice(a, n - b) for n, (a, b) in zip(shape, margins, strict=True))] = True
    return lung


def test_margins_shrink_to_what_the_strides_need() -> None:
    # 4, 8 and 5 voxels too many: behind first, then whole cells before
    box = trim_margins(lung_in((100, 200, 165), ((12, 12),) * 3))
    assert box == (slice(0, 96), slice(4, 196), slice(4, 164))


@pytest.mark.parametrize(
    ("margins", "start", "stop"),
    [
        ((12, 12), 0, 96),
        ((12, 11), 4, 100),  # three may go behind: a cell goes before
        ((11, 11), 0, 100),  # no whole cell may
        ((0, 12), 0, 96),
        ((12, 0), 4, 100),
    ],
)
def test_no_lung_comes_near_the_edge_of_what_is_seen(
    margins: tuple[int, int], start: int, stop: int
) -> None:
    (z, *_) = trim_margins(lung_in((100, 96, 96), (margins, (12, 12), (12, 12))))
    assert (z.start, z.stop) == (start, stop)
    assert z.start % STRIDE == 0
    assert start == 0 or margins[0] - start >= MIN_MARGIN_VOXEL
    assert stop == 100 or stop - (100 - margins[1]) >= MIN_MARGIN_VOXEL


@pytest.mark.parametrize("shape", [(105, 79, 70), (111, 64, 66)])
def test_an_axis_without_enough_margin_stays_whole(shape: tuple[int, int, int]) -> None:
    # 9 and 15 voxels too many where eight may go; 15 of 79 where five may; two of 66 where none may
    assert trim_margins(lung_in(shape, ((12, 12), (2, 9), (4, 5)))) == tuple(
        slice(0, n) for n in shape
    )


def test_where_no_lung_is_nothing_is_left_away() -> None:
    assert trim_margins(np.zeros((100, 100, 100), bool)) == (slice(0, 100),) * 3


def test_a_candidate_lies_where_it_is_though_margins_went() -> None:
    hu = np.full((100, 104, 101), -850, np.float32)
    lung = lung_in(hu.shape, ((12, 12),) * 3)
    place = (41, 57, 63)
    hu[place] = 300
    seen: list[tuple[int, ...]] = []

    def brightest(image: np.ndarray) -> np.ndarray:
        seen.append(image.shape[2:])
        cells = [n // STRIDE for n in image.shape[2:]]
        output = np.full((1, CHANNELS_OUT, *cells), 0.0, np.float32)
        blocks = image[0, 0].reshape([part for n in cells for part in (n, STRIDE)])
        output[0, HEAT] = blocks.max((1, 3, 5)) * 10
        return output

    (center,) = find_in_box(hu, lung, brightest).centers_voxel
    assert seen == [(96, 96, 96)]
    assert np.abs(center - place).max() <= 2.0  # a cell is 4 mm wide
