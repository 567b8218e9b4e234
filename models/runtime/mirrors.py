"""The first stage seen in a mirror as well.

Lungs have no handedness and training mirrors too, so both views should say the same; where they do
not, their mean errs less than either: false positives differ between views more than nodules do.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from models.detector.contract import OFFSET
from models.runtime.machine import thread_count
from models.runtime.networks import FirstStageNetwork

_OFFSET_X = OFFSET.stop - 1
_AT_ONCE = 8  # slices; one by one, many threads would wait for Python's lock


def in_mirrors(detector: FirstStageNetwork) -> FirstStageNetwork:
    """Wrap a detector: its map is the mean of an image's and of its mirror image's, turned back.

    A CT's memory is new to the process, which costs more than turning it: so the image, which must
    be writeable, is turned where it lies and back again.

    Args:
        detector: costs twice.
    """

    def compute(window: np.ndarray) -> np.ndarray:
        plain = detector(window)
        mirror_in_place(window)
        try:
            reflected = np.flip(detector(window), -1).copy()
        finally:
            mirror_in_place(window)
        reflected[:, _OFFSET_X] *= -1  # what lay to one side of its cell's middle lies to the other
        reflected += plain
        reflected *= 0.5
        return reflected

    return compute


def mirror_in_place(volume: np.ndarray) -> None:
    """Turn ``[..., z, y, x]`` left for right, some slices at a time: they fit a cache."""

    def turn(slices: np.ndarray) -> None:
        slices[...] = slices[:, :, ::-1].copy()

    stacks = (volume[index] for index in np.ndindex(volume.shape[:-3]))
    parts = [stack[z : z + _AT_ONCE] for stack in stacks for z in range(0, len(stack), _AT_ONCE)]
    with ThreadPoolExecutor(thread_count()) as pool:
        list(pool.map(turn, parts))
