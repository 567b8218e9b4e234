"""What networks in eight bits find their bounds by: windows and crops of real CTs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from medical.detection.refinement import cut
from medical.synthesis.case import TrainingCase
from models.compression.int8 import Inputs
from models.detector.normalise import normalise

WINDOWS, EDGE = 36, 96
CROPS = 48
_WINDOW_SEED, _SEED = 3, 19
_MM = (4.0, 20.0)
_NODULE_EVERY = 3


def lung_windows(cases: Sequence[TrainingCase], *, count: int = WINDOWS) -> Iterator[Inputs]:
    """Windows of lung, a third of them at a known nodule, as the first stage takes them.

    Args:
        cases: that the network may have seen.
        count: of windows, spread over the cases.
    """
    draw = np.random.default_rng(_WINDOW_SEED)
    for number in range(count):
        case = cases[number % len(cases)]
        hu = np.pad(case.hu, [(0, max(0, EDGE - n)) for n in case.code.shape], mode="edge")
        inside = np.argwhere(case.lung[::4, ::4, ::4]) * 4
        center = inside[draw.integers(len(inside))]
        if len(case.nodules) and number % _NODULE_EVERY == 0:
            center = case.nodules[draw.integers(len(case.nodules)), :3].astype(int)
        low = [
            int(np.clip(at - EDGE // 2, 0, n - EDGE))
            for at, n in zip(center, hu.shape, strict=True)
        ]
        window = hu[tuple(slice(at, at + EDGE) for at in low)]
        yield (np.asarray(normalise(window)[None, None], np.float32),)


def refinement_crops(cases: Sequence[TrainingCase], *, count: int = CROPS) -> Iterator[Inputs]:
    """Crops at known nodules and at places in lung, as the second stage takes them.

    Args:
        cases: that the network may have seen.
        count: of crops, spread over the cases.
    """
    draw = np.random.default_rng(_SEED)
    for number in range(count):
        case = cases[number % len(cases)]
        inside = np.argwhere(case.lung[::4, ::4, ::4]) * 4
        center, mm = inside[draw.integers(len(inside))].astype(float), draw.uniform(*_MM)
        if len(case.nodules) and number % _NODULE_EVERY == 0:
            row = case.nodules[draw.integers(len(case.nodules))]
            center, mm = row[:3].astype(float), float(row[3])
        yield tuple(cut(case.hu, center[None], np.array([mm])))
