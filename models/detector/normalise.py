"""HU to the network's input range; the only place that knows it."""

from __future__ import annotations

from torch import Tensor

LOW_HU = -1024.0
HIGH_HU = 1016.0  # 255 steps of 8 HU: what a training case's byte can hold


def normalise(hu: Tensor) -> Tensor:
    """Clip to [-1024, 1016] HU and map linearly to [-1, 1]."""
    return (hu.clamp(LOW_HU, HIGH_HU) - LOW_HU) * (2.0 / (HIGH_HU - LOW_HU)) - 1.0
