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
    """Turn ``[..., z, y, x]`` left for right, slice by slice: one fits the processor's cache."""

    def turn(plane: np.ndarray) -> None:
        plane[...] = plane[:, ::-1].copy()

    planes = [volume[index] for index in np.ndindex(volume.shape[:-2])]
    with ThreadPoolExecutor(thread_count()) as pool:
        list(pool.map(turn, planes))
