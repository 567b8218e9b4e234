"""Lung around what readers rejected, as small cases of its own, so that it is seen often.

The nodule engine draws a patch about every second centimetre of lung by chance; a case that is
nothing but the surroundings of one rejected mark makes each of its patches show that mark. No
nodule is centred on it: the lung of such a case is a shell around the mark.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float32
from numpy.typing import NDArray

from medical.synthesis.case import TrainingCase

MOST_A_CASE = 20
_HALF_MM = 84  # half a patch of 96 mm, turned
_REACH_MM = 28  # lung this far from the mark: it is in every patch that is centred there
_FREE_MM = 8
_GRID = 4  # the engine draws centres from every fourth voxel
_LEAST_PLACES = 8


def around_rejected(case: TrainingCase) -> list[TrainingCase]:
    """One small case for each rejected mark that has lung around it, ``MOST_A_CASE`` at most."""
    found = [_around(case, row, index) for index, row in enumerate(case.rejected[:MOST_A_CASE])]
    return [one for one in found if one is not None]


def _around(case: TrainingCase, row: NDArray[np.float32], index: int) -> TrainingCase | None:
    center, diameter_mm = row[:3], float(row[3])
    middle = np.rint(center).astype(int)
    low = np.maximum(middle - _HALF_MM, 0)
    high = np.minimum(middle + _HALF_MM + 1, case.code.shape)
    if (high <= low).any():
        return None
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    grid = np.ogrid[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    squares = [
        (axis - position).astype(np.float32) ** 2
        for axis, position in zip(grid, center, strict=True)
    ]
    away_mm = np.sqrt(squares[0] + squares[1] + squares[2])
    shell = (away_mm > diameter_mm / 2 + _FREE_MM) & (away_mm < diameter_mm / 2 + _REACH_MM)
    lung = case.lung[box] & shell
    if lung[::_GRID, ::_GRID, ::_GRID].sum() < _LEAST_PLACES:
        return None
    nothing = np.zeros((0, 4), np.float32)
    return replace(
        case,
        name=f"{case.name} rejected {index + 1}",
        code=case.code[box],
        lung=lung,
        nodules=_within(case.nodules, low, high),
        doubtful=_within(case.doubtful, low, high),
        rejected=nothing,
    )


def _within(
    rows: Float32[np.ndarray, "n 4"], low: np.ndarray, high: np.ndarray
) -> Float32[np.ndarray, "m 4"]:
    """Return the rows in a box, by the box's own voxels."""
    inside = ((rows[:, :3] >= low) & (rows[:, :3] < high)).all(1)
    shifted = rows[inside].copy()
    shifted[:, :3] -= low
    return shifted.astype(np.float32)
