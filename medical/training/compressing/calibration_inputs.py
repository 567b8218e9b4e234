"""What eight-bit networks find their bounds by: windows and crops of real CTs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from medical.detection.refinement import cut
from medical.synthesis.case import TrainingCase
from models.compression.int8 import Inputs
from models.detector.normalise import normalise

WINDOWS, CROPS = 36, 48
_EDGE = 96
_SEEDS = (17, 19)
_MM = (4.0, 20.0)
_NODULE_EVERY = 3


def first_stage_windows(cases: Sequence[TrainingCase], *, count: int = WINDOWS) -> Iterator[Inputs]:
    """Windows in lung, normalised, as the first stage takes them.

    Args:
        cases: that the network may have seen.
        count: of windows, spread over the cases.
    """
    draw = np.random.default_rng(_SEEDS[0])
    for number in range(count):
        case = cases[number % len(cases)]
        inside = np.argwhere(case.lung[::8, ::8, ::8]) * 8
        middle = inside[draw.integers(len(inside))]
        low = [
            int(np.clip(m - _EDGE // 2, 0, max(0, n - _EDGE)))
            for m, n in zip(middle, case.code.shape, strict=True)
        ]
        part = case.hu[tuple(slice(at, at + _EDGE) for at in low)]
        grow = [(0, _EDGE - n) for n in part.shape]
        yield (normalise(np.pad(part, grow, mode="edge"))[None, None],)


def refinement_crops(cases: Sequence[TrainingCase], *, count: int = CROPS) -> Iterator[Inputs]:
    """Crops at known nodules and at places in lung, as the second stage takes them.

    Args:
        cases: that the network may have seen.
        count: of crops, spread over the cases.
    """
    draw = np.random.default_rng(_SEEDS[1])
    for number in range(count):
        case = cases[number % len(cases)]
        inside = np.argwhere(case.lung[::4, ::4, ::4]) * 4
        center, mm = inside[draw.integers(len(inside))].astype(float), draw.uniform(*_MM)
        if len(case.nodules) and number % _NODULE_EVERY == 0:
            row = case.nodules[draw.integers(len(case.nodules))]
            center, mm = row[:3].astype(float), float(row[3])
        yield tuple(cut(case.hu, center[None], np.array([mm])))
