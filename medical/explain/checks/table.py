"""The explanation table: each method's mean on every test, with its interval by scan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medical.evaluation.intervals import draw_scans, percentile_interval
from medical.explain.checks.judge import Judged

MEASURES = (
    "pointing",
    "pointing_3mm",
    "energy",
    "insertion",
    "deletion",
    "repeatability",
    "random_class",
    "random_box",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over findings with its 95 % interval over draws of scans."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}]"


def figure(rows: Sequence[Judged], measure: str, *, seed: int = 0) -> Figure:
    """Mean of one measure; scans are redrawn with replacement, each with all its findings.

    Args:
        rows: of one method.
        measure: one of ``MEASURES`` or ``cpu_seconds``.
        seed: of the draws.

    Rows without the measure (not a number) do not count.

    Raises:
        ValueError: no row has the measure.
    """
    known = [row for row in rows if not math.isnan(getattr(row, measure))]
    if not known:
        raise ValueError(f"no row to take the mean of {measure} from")
    values = np.array([float(getattr(row, measure)) for row in known])
    scans, where = np.unique([row.scan for row in known], return_inverse=True)
    sums, counts = np.bincount(where, values), np.bincount(where)
    drawn = draw_scans(len(scans), seed=seed)
    low, high = percentile_interval(sums[drawn].sum(1) / counts[drawn].sum(1))
    return Figure(float(values.mean()), low, high)


def table(rows: Sequence[Judged]) -> str:
    """One line a method in the order of their first rows, ready to be printed."""
    heads = [f"{name:>20s}" for name in (*MEASURES, "CPU seconds")]
    lines = [f"{'method':18s}{'findings':>9s}" + "".join(heads)]
    for method in dict.fromkeys(row.method for row in rows):
        mine = [row for row in rows if row.method == method]
        cells = [f"{_cell(mine, name):>20s}" for name in MEASURES]
        seconds = figure(mine, "cpu_seconds").mean
        lines.append(f"{method:18s}{len(mine):9d}" + "".join(cells) + f"{seconds:20.2f}")
    return "\n".join(lines)


def _cell(rows: Sequence[Judged], measure: str) -> str:
    try:
        return str(figure(rows, measure))
    except ValueError:
        return "-"
