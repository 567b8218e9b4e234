"""Eight bits everywhere, 32 again where it is asked for: a first stage made of two.

The network in eight bits sees the whole image. Where a peak of its heat lies in a band, too high to
be nothing and too low to be sure, the exact network looks at the window around it, and what it says
there takes the place of the other's map. The band is calibrated; an empty one asks for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int

from models.detector.contract import HEAT, MULTIPLE, STRIDE
from models.runtime.networks import Run
from models.runtime.peaks import find_peaks

WINDOW = 96
"""Edge of what the exact network sees, voxels: a neighbourhood of 50 mm around what it replaces."""
REPLACED = 32
"""Edge of what is replaced, in the window's middle, voxels."""


@dataclass(frozen=True, slots=True)
class Band:
    """Which peaks are looked at again.

    Args:
        low: least heat logit.
        high: from here on a peak is sure.
        most: how many windows at most, the strongest first.
    """

    low: float
    high: float
    most: int = 16


class Cascade:
    """Two first stages of the same weights as one.

    Args:
        eight: in eight bits; sees the whole image.
        exact: in 32 bits; sees windows. Both read a place alike in a part and in the whole.
        band: of heat logits.
    """

    def __init__(self, eight: Run, exact: Run, band: Band) -> None:
        self._eight, self._exact, self._band = eight, exact, band
        self.asked = 0  # windows of the last image

    def __call__(self, image: np.ndarray) -> list[np.ndarray]:
        """``[1, 1, z, y, x]``, multiples of 16, to one map as the networks give it."""
        (output,) = self._eight(image)
        self.asked = 0
        if min(image.shape[2:]) < WINDOW:
            return [output]  # a window would not fit; so small an image is no whole lung
        result = output.copy()
        for middle in self._asking(output[0]):
            low = _corner(middle, image.shape[2:])
            seen = self._exact(image[(slice(None), slice(None), *_part(low, WINDOW))])[0]
            place = _inner(middle, low)
            cells = [slice(at // STRIDE, (at + REPLACED) // STRIDE) for at in place]
            own = [slice(part.start - at // STRIDE, part.stop - at // STRIDE)
                   for part, at in zip(cells, low, strict=True)]  # fmt: skip
            z, y, x = cells
            c, b, a = own
            result[0, :, z, y, x] = seen[0, :, c, b, a]
            self.asked += 1
        return [result]

    def _asking(self, output: Float32[np.ndarray, "c z y x"]) -> list[Int[np.ndarray, 3]]:
        peaks = find_peaks(output, most=output[HEAT].size, min_logit=self._band.low)
        chosen: list[Int[np.ndarray, 3]] = []
        for center, logit in zip(peaks.centers, peaks.logits, strict=True):
            if logit >= self._band.high or len(chosen) == self._band.most:
                continue
            middle = np.round(center).astype(int)
            # what another window replaces already need not be seen again
            if all(np.abs(middle - other).max() > REPLACED // 4 for other in chosen):
                chosen.append(middle)
        return chosen


def _corner(middle: Int[np.ndarray, 3], shape: tuple[int, ...]) -> Int[np.ndarray, 3]:
    """Corner of the window around a place, inside the image, where the networks' cells begin."""
    corner = (middle - WINDOW // 2) // MULTIPLE * MULTIPLE
    return np.asarray(np.clip(corner, 0, np.array(shape) - WINDOW))


def _inner(middle: Int[np.ndarray, 3], low: Int[np.ndarray, 3]) -> Int[np.ndarray, 3]:
    """Corner of what is replaced: around the place, inside its window."""
    corner = (middle - REPLACED // 2) // STRIDE * STRIDE
    return np.asarray(np.clip(corner, low, low + WINDOW - REPLACED))


def _part(corner: Int[np.ndarray, 3], edge: int) -> list[slice]:
    return [slice(at, at + edge) for at in corner.tolist()]
