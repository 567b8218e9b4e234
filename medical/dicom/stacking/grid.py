"""Slice positions along the normal -> an even grid, and how to fill each of its slices."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from jaxtyping import Float

EVEN_MM = 0.05
EVEN_SHARE = 0.05
GAP_SHARE = 0.15
MAX_GROWTH = 4

Offsets = Float[np.ndarray, " slices"]


@dataclass(frozen=True, slots=True)
class Fill:
    """A grid slice is ``(1 - weight) * slice[before] + weight * slice[after]``."""

    before: int
    after: int
    weight: float

    @property
    def nearest(self) -> int:
        """The acquired slice that lies closest."""
        return self.before if self.weight < 0.5 else self.after


@dataclass(frozen=True, slots=True)
class EvenGrid:
    """``count`` slices from ``start_mm`` every ``step_mm`` along the normal.

    Args:
        kind: ``even`` as acquired, ``gap`` with slices missing from an even stack, ``uneven``
            resampled.
        missing: grid slices farther than half a step from any acquired slice.
    """

    start_mm: float
    step_mm: float
    fills: tuple[Fill, ...]
    kind: Literal["even", "gap", "uneven"]
    missing: tuple[int, ...]


def even_grid(offsets_mm: Offsets) -> EvenGrid:
    """Lay an even grid through ascending, distinct slice positions (at least two)."""
    count = len(offsets_mm)
    if _fits(offsets_mm, np.arange(count)):
        return _grid(offsets_mm, np.arange(count), "even")
    steps = np.diff(offsets_mm)
    counts = np.maximum(np.rint(steps / np.median(steps)), 1)
    places = np.concatenate([[0], np.cumsum(counts)]).astype(int)
    if _fits(offsets_mm, places, share=GAP_SHARE) and places[-1] < MAX_GROWTH * count:
        return _grid(offsets_mm, places, "gap")
    slices = int(np.rint((offsets_mm[-1] - offsets_mm[0]) / np.median(steps))) + 1
    return _resampled(offsets_mm, min(max(slices, 2), MAX_GROWTH * count))


def _fits(offsets_mm: Offsets, places: np.ndarray, *, share: float = EVEN_SHARE) -> bool:
    """Whether slice i lies at grid place ``places[i]``, within rounding of the header."""
    step = (offsets_mm[-1] - offsets_mm[0]) / places[-1]
    off = np.abs(offsets_mm - (offsets_mm[0] + places * step)).max()
    return bool(off <= max(EVEN_MM, share * step))


def _grid(offsets_mm: Offsets, places: np.ndarray, kind: Literal["even", "gap"]) -> EvenGrid:
    """Acquired slices stay as they are; places between them are interpolated."""
    fills = [Fill(0, 0, 0.0)]
    missing = []
    for index, (low, high) in enumerate(pairwise(places.tolist())):
        for place in range(low + 1, high):
            fills.append(Fill(index, index + 1, float((place - low) / (high - low))))
            missing.append(place)
        fills.append(Fill(index + 1, index + 1, 0.0))
    step = (offsets_mm[-1] - offsets_mm[0]) / places[-1]
    return EvenGrid(float(offsets_mm[0]), float(step), tuple(fills), kind, tuple(missing))


def _resampled(offsets_mm: Offsets, slices: int) -> EvenGrid:
    """Linear interpolation between the two acquired slices around each grid slice."""
    targets, step = np.linspace(offsets_mm[0], offsets_mm[-1], slices, retstep=True)
    fills = []
    missing = []
    for place, target in enumerate(targets):
        after = int(np.clip(np.searchsorted(offsets_mm, target), 1, len(offsets_mm) - 1))
        low, high = offsets_mm[after - 1], offsets_mm[after]
        weight = float(np.clip((target - low) / (high - low), 0, 1))
        fill = Fill(after - 1, after, weight)
        if min(abs(target - low), abs(high - target)) <= EVEN_SHARE * step:
            fill = Fill(fill.nearest, fill.nearest, 0.0)
        elif min(abs(target - low), abs(high - target)) > 0.5 * step + 1e-6:
            missing.append(place)
        fills.append(fill)
    return EvenGrid(float(offsets_mm[0]), float(step), tuple(fills), "uneven", tuple(missing))
