"""Maps of mirrored windows, turned back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.detector.contract import CHANNELS_OUT, HEAT, OFFSET, STRIDE
from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.runtime.mirrors import in_mirrors
from models.runtime.peaks import find_peaks
from models.runtime.torch_device import torch_networks

EDGE = 32


def told_places(window: np.ndarray) -> np.ndarray:
    """A detector that marks the brightest voxel, and says exactly where in its cell it lies."""
    cells = EDGE // STRIDE
    output = np.zeros((1, CHANNELS_OUT, cells, cells, cells), np.float32)
    blocks = window[0, 0].reshape((cells, STRIDE) * 3)
    output[0, HEAT] = blocks.max((1, 3, 5))
    place = np.argwhere(window[0, 0] == window.max())[0]
    cell = place // STRIDE
    output[0, OFFSET, *cell] = (place + 0.5) / STRIDE - 0.5 - cell
    return output


@pytest.mark.parametrize("place", [(8, 9, 10), (17, 4, 31), (0, 22, 3)])
def test_a_mark_stays_where_it_is(place: tuple[int, int, int]) -> None:
    window = np.zeros((1, 1, EDGE, EDGE, EDGE), np.float32)
    window[0, 0, *place] = 5.0
    peak = find_peaks(in_mirrors(told_places)(window)[0], most=1)
    assert peak.centers[0].tolist() == pytest.approx(place, abs=1e-3)


def test_what_one_view_alone_says_counts_half() -> None:
    def left_half(window: np.ndarray) -> np.ndarray:
        output = told_places(window)
        output[..., output.shape[-1] // 2 :] = 0
        return output

    window = np.zeros((1, 1, EDGE, EDGE, EDGE), np.float32)
    window[0, 0, 8, 8, 6] = 4.0
    assert in_mirrors(left_half)(window)[:, HEAT].max() == pytest.approx(2.0)


def test_a_mirrored_scan_is_read_the_same() -> None:
    torch.manual_seed(0)
    detector = DetectorConfig(widths=(4, 8, 8, 8), channels=8).build().eval()
    refiner = RefinerConfig(widths=(4, 4, 4)).build().eval()
    run = torch_networks(detector, refiner, device=torch.device("cpu")).first
    both = in_mirrors(lambda image: run(image)[0])
    window = np.random.default_rng(0).random((1, 1, EDGE, EDGE, EDGE), np.float32)
    plain, turned = both(window), np.flip(both(np.flip(window, 4)), 4).copy()
    turned[:, OFFSET.stop - 1] *= -1
    np.testing.assert_allclose(plain, turned, atol=1e-5, rtol=1e-4)


def test_the_maps_are_those_of_a_copy_turned_over() -> None:
    window = np.random.default_rng(1).random((1, 1, EDGE, EDGE, EDGE), np.float32)
    before = window.copy()
    turned = np.flip(told_places(np.ascontiguousarray(np.flip(window, 4))), 4).copy()
    turned[:, OFFSET.stop - 1] *= -1
    expected = np.stack([told_places(window), turned]).mean(0)
    np.testing.assert_array_equal(in_mirrors(told_places)(window), expected)
    np.testing.assert_array_equal(window, before)


@pytest.mark.parametrize("failing", [1, 2])
def test_a_window_lies_as_it_lay_when_a_view_fails(failing: int) -> None:
    window = np.random.default_rng(2).random((1, 1, EDGE, EDGE, EDGE), np.float32)
    before, views = window.copy(), []

    def detector(image: np.ndarray) -> np.ndarray:
        views.append(image[0, 0, 0, 0, 0])
        if len(views) == failing:
            raise MemoryError("no room for the maps")
        return told_places(image)

    with pytest.raises(MemoryError):
        in_mirrors(detector)(window)
    assert views == [before[0, 0, 0, 0, 0], before[0, 0, 0, 0, -1]][:failing]
    np.testing.assert_array_equal(window, before)
