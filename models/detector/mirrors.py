"""The first stage seen in a mirror as well.

Lungs have no handedness and training mirrors too, so both views should say the same; where they do
not, their mean errs less than either: false positives differ between views more than nodules do.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from models.detector.detector import OFFSET

VIEWS: tuple[tuple[int, ...], ...] = ((), (4,))
"""Axes of ``[b, 1, z, y, x]`` along which a window is mirrored: as it is, and left for right."""

_FIRST_AXIS = 2


def in_mirrors(detector: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Wrap a detector: its maps are the mean over ``VIEWS``, each turned back before.

    Args:
        detector: in the output contract of ``models.detector.detector``; costs once a view.
    """

    def look(window: Tensor) -> Tensor:
        return torch.stack([_seen(detector, window, axes) for axes in VIEWS]).mean(0)

    return look


def _seen(detector: Callable[[Tensor], Tensor], window: Tensor, axes: tuple[int, ...]) -> Tensor:
    if not axes:
        return detector(window)
    maps = detector(window.flip(axes).contiguous()).flip(axes)
    for axis in axes:  # what lay to one side of its cell's middle lies to the other
        maps[:, OFFSET.start + axis - _FIRST_AXIS] *= -1
    return maps
