"""The first stage seen in a mirror as well.

Lungs have no handedness and training mirrors too, so both views should say the same; where they do
not, their mean errs less than either: false positives differ between views more than nodules do.
"""

from __future__ import annotations

import numpy as np

from models.detector.contract import OFFSET
from models.runtime.networks import FirstStageNetwork

VIEWS: tuple[tuple[int, ...], ...] = ((), (4,))
"""Axes of ``[b, 1, z, y, x]`` along which a window is mirrored: as it is, and left for right."""

_FIRST_AXIS = 2


def in_mirrors(detector: FirstStageNetwork) -> FirstStageNetwork:
    """Wrap a detector: its maps are the mean over ``VIEWS``, each turned back before.

    Args:
        detector: costs once a view.
    """

    def compute(window: np.ndarray) -> np.ndarray:
        return np.asarray(np.stack([_seen(detector, window, axes) for axes in VIEWS]).mean(0))

    return compute


def _seen(detector: FirstStageNetwork, window: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    if not axes:
        return detector(window)
    maps = np.flip(detector(np.ascontiguousarray(np.flip(window, axes))), axes).copy()
    for axis in axes:  # what lay to one side of its cell's middle lies to the other
        maps[:, OFFSET.start + axis - _FIRST_AXIS] *= -1
    return maps
