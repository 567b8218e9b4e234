"""What the second stage in eight bits finds its bounds by: crops of real CTs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from medical.detection.refinement import cut
from medical.synthesis.case import TrainingCase
from models.compression.int8 import Inputs

CROPS = 48
_SEED = 19
_MM = (4.0, 20.0)
_NODULE_EVERY = 3


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
