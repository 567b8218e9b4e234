"""Only what asks is seen again, and then it is what the exact network says of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from models.detector.contract import HEAT
from models.runtime.cascade import REPLACED, WINDOW, Band, Cascade

SHAPE = (1, 1, 128, 160, 144)


class Network:
    """Heat is the mean of a cell of 4 voxels and its neighbours, rounded to a step."""

    def __init__(self, step: float) -> None:
        self.step = step
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, image: np.ndarray) -> list[np.ndarray]:
        self.shapes.append(image.shape)
        z, y, x = image.shape[2:]
        cells = image[0, 0].reshape(z // 4, 4, y // 4, 4, x // 4, 4).mean((1, 3, 5))
        heat = ndimage.uniform_filter(cells, 3, mode="nearest")
        output = np.zeros((1, 6, *heat.shape), np.float32)
        output[0, HEAT] = np.round(heat / self.step) * self.step if self.step else heat
        return [output]


def image_with(*blobs: tuple[tuple[int, int, int], float]) -> np.ndarray:
    image = np.full(SHAPE, -5.0, np.float32)
    for (z, y, x), strength in blobs:
        near = (slice(max(0, at - 10), at + 10) for at in (z, y, x))
        image[(0, 0, *near)] = strength
    return image


@pytest.mark.parametrize("place", [(64, 80, 72), (8, 8, 8), (120, 152, 136)])
def test_a_doubtful_peak_becomes_what_the_exact_network_says_and_the_rest_stays(
    place: tuple[int, int, int],
) -> None:
    eight, exact = Network(step=0.7), Network(step=0.0)
    image = image_with((place, 1.3))
    cascade = Cascade(eight, exact, Band(low=-1.0, high=3.0))
    (got,), (rough,), (whole,) = cascade(image), Network(0.7)(image), Network(0.0)(image)
    assert cascade.asked == 1
    assert exact.shapes == [(1, 1, WINDOW, WINDOW, WINDOW)]
    changed = np.argwhere((got != rough).any((0, 1)))
    assert len(changed) and (np.ptp(changed, 0) < REPLACED // 4).all()
    at = (0, HEAT, *(n // 4 for n in place))
    assert got[at] == pytest.approx(whole[at], abs=1e-5)
    assert got[at] != rough[at]


def test_sure_peaks_and_nothing_are_not_seen_again_and_windows_are_bounded() -> None:
    exact = Network(step=0.0)
    image = image_with(((40, 40, 40), 30.0), ((90, 110, 100), 1.0), ((90, 30, 100), 1.5))
    both = Cascade(Network(0.7), exact, Band(low=-1.0, high=3.0))
    both(image)
    assert both.asked == 2
    first = Cascade(Network(0.7), exact, Band(low=-1.0, high=3.0, most=1))
    first(image)
    assert first.asked == 1
    none = Cascade(Network(0.7), exact, Band(low=0.0, high=0.0))
    (same,) = none(image)
    np.testing.assert_array_equal(same, Network(0.7)(image)[0])
    small = np.zeros((1, 1, 64, 64, 64), np.float32)
    assert Cascade(Network(0.7), exact, Band(-9.0, 9.0))(small)[0].shape == (1, 6, 16, 16, 16)
