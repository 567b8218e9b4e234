"""Two ways of training compared over several seeds, on the same scans.

The scans are redrawn for all networks alike, and the mean over the seeds is taken in every draw:
seeds are not more scans. What the interval does not hold is how much further seeds would differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medical.evaluation.froc import Scores, match_scans
from medical.evaluation.intervals import DRAWS, percentile_interval, times_drawn
from medical.evaluation.tables import Tables

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Mean sensitivities over the seeds, each with its 95 % interval.

    Args:
        new: of the one way.
        old: of the other.
        difference: of new minus old.
        new_ci95: of ``new``.
        old_ci95: of ``old``.
        difference_ci95: of ``difference``, both ways on the same redrawn scans.
    """

    new: float
    old: float
    difference: float
    new_ci95: Interval
    old_ci95: Interval
    difference_ci95: Interval

    @property
    def verdict(self) -> str:
        """Whether the new way pays, in words."""
        low, high = self.difference_ci95
        if low > 0:
            return "pays"
        return "costs" if high < 0 else "is worth nothing that these scans could show"


def compare(
    new: Sequence[Tables], old: Sequence[Tables], *, draws: int = DRAWS, seed: int = 0
) -> Comparison:
    """Compare the means over the seeds.

    Args:
        new: marks of the one way, a table for each seed.
        old: marks of the other, the same seeds, scans and nodules.
        draws: of the bootstrap, at least 1.
        seed: of the draws.

    Raises:
        ValueError: there are no tables, or they hold different scans or nodules.
    """
    if not new or not old:
        raise ValueError("give at least one table of each way")
    known = {(tables.series_uids, tables.nodules) for tables in (*new, *old)}
    if len(known) > 1:
        raise ValueError("all networks must be scored on the same scans and nodules")
    ways = [[Scores.of(match_scans(tables)) for tables in way] for way in (new, old)]
    nodules = ways[0][0].nodules
    count = len(nodules)
    drawn = [
        _means(ways, times)
        for times in times_drawn(count, draws=draws, seed=seed)
        if (times * nodules).any()
    ]
    a, b = np.array(drawn).T
    now, then = _means(ways, np.ones(count, np.int64))
    return Comparison(now, then, now - then, *map(percentile_interval, (a, b, a - b)))


def _means(ways: list[list[Scores]], times: np.ndarray) -> list[float]:
    return [float(np.mean([each.curve(times=times).cpm for each in way])) for way in ways]
