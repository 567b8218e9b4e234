"""HU to the network's input range; the only place that knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from models.detector.contract import HIGH_HU, LOW_HU

if TYPE_CHECKING:  # scoring does without torch
    import numpy as np
    from torch import Tensor

    Array = TypeVar("Array", Tensor, np.ndarray)


def normalise(hu: Array) -> Array:
    """Clip to [-1024, 1016] HU and map linearly to [-1, 1]; a tensor or an array."""
    return (hu.clip(LOW_HU, HIGH_HU) - LOW_HU) * (2.0 / (HIGH_HU - LOW_HU)) - 1.0
