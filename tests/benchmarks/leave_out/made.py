"""Scans for tests: marks in a row along x, ten millimetres apart."""

from __future__ import annotations

import numpy as np

from tests.benchmarks.leave_out.seen_scan import Places, SeenScan


def at(*numbers: int, mm: float = 6.0) -> Places:
    """Places of those marks."""
    return np.array([(0.0, 0.0, 10.0 * n, mm) for n in numbers], float).reshape(-1, 4)


def made_scan(
    lung: str,
    scores: list[float],
    *,
    copy: str = "",
    known: Places | None = None,
    ignore_regions: Places | None = None,
    inserted: Places | None = None,
) -> SeenScan:
    """A scan whose mark number n has the n-th score."""
    none = at()
    return SeenScan(
        lung + copy,
        lung,
        at(*range(len(scores))),
        np.array(scores, float),
        none if known is None else known,
        none if ignore_regions is None else ignore_regions,
        none if inserted is None else inserted,
        none,
    )
