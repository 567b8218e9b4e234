"""Maps of mirrored windows, turned back."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from models.detector.detector import CHANNELS_OUT, HEAT, OFFSET, STRIDE, DetectorConfig
from models.detector.mirrors import in_mirrors
from models.detector.peaks import find_peaks

EDGE = 32


def told_places(window: Tensor) -> Tensor:
    """A detector that marks the brightest voxel, and says exactly where in its cell it lies."""
    output = window.new_zeros(1, CHANNELS_OUT, *(n // STRIDE for n in window.shape[2:]))
    output[:, HEAT] = functional.max_pool3d(window, STRIDE)[:, 0]
    place = torch.nonzero(window[0, 0] == window.max())[0]
    cell = place // STRIDE
    output[0, OFFSET, *cell] = (place + 0.5) / STRIDE - 0.5 - cell
    return output


@pytest.mark.parametrize("place", [(8, 9, 10), (17, 4, 31), (0, 22, 3)])
def test_a_mark_stays_where_it_is(place: tuple[int, int, int]) -> None:
    window = torch.zeros(1, 1, EDGE, EDGE, EDGE)
    window[0, 0, *place] = 5.0
    peak = find_peaks(in_mirrors(told_places)(window), most=1)
    assert peak.centers[0, 0].tolist() == pytest.approx(place, abs=1e-3)


def test_what_one_view_alone_says_counts_half() -> None:
    def left_half(window: Tensor) -> Tensor:
        output = told_places(window)
        output[..., output.shape[-1] // 2 :] = 0
        return output

    window = torch.zeros(1, 1, EDGE, EDGE, EDGE)
    window[0, 0, 8, 8, 6] = 4.0
    assert in_mirrors(left_half)(window)[:, HEAT].max() == pytest.approx(2.0)


def test_a_mirrored_scan_is_read_the_same() -> None:
    torch.manual_seed(0)
    detector = in_mirrors(DetectorConfig(widths=(4, 8, 8, 8), channels=8).build().eval())
    window = torch.rand(1, 1, EDGE, EDGE, EDGE)
    with torch.no_grad():
        plain, turned = detector(window), detector(window.flip(4)).flip(4)
    turned[:, OFFSET.stop - 1] *= -1
    torch.testing.assert_close(plain, turned, atol=1e-5, rtol=1e-4)
