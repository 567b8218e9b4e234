"""Two networks on the same lungs with the same nodules INSERTED, compared lung by lung."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from medical.evaluation.froc import Scores, match_scans
from medical.evaluation.intervals import draw_scans, percentile_interval
from tests.benchmarks.folds.predictions import read_predictions
from tests.benchmarks.folds.scans import FOLDS
from tests.benchmarks.leave_out.score import tables_of
from tests.benchmarks.leave_out.seen_scan import SeenScan

NARROW, SHIFTED = "narrow-margins", "shifted-box"
"""Where a box's margins shrink to fit the strides, in place of its edges being repeated: by whole
cells of the output, so that 8 mm remain, which is how the shipped models read; and by any number of
voxels, so that the cells' grid begins elsewhere, a trial. Tables in no folder: edges repeated."""

LITE, LITE_32 = "starlung-lite-0.7/int8.csv", "starlung-lite-0.7/float32.csv"
"""What starlung-lite as shipped says in eight bits and in 32; other tables of that name are of
version 0.6."""

ONE_STRIDE = "one-stride/qin.csv"
"""What a first stage says that fuses nothing (``folds.one_stride``), with the fold's second."""
TAUGHT_ON = "widths/taught-on.csv"
"""What starlung-lite 0.6 says, taught on in 8 or 16 bits (``folds.small.precision``)."""


class Comparison(NamedTuple):
    """Means over lungs of the mean sensitivity, and their difference with its interval."""

    lungs: int
    first: float
    second: float
    difference: float
    low: float
    high: float

    def __str__(self) -> str:
        return (
            f"{self.first:.3f} and {self.second:.3f} on {self.lungs} lungs, "
            f"difference {self.difference:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"
        )


def cpm_by_lung(scans: Sequence[SeenScan]) -> dict[str, float]:
    """Mean sensitivity for what is inserted into each lung, at thresholds of its own."""
    lungs = dict.fromkeys(scan.lung for scan in scans)
    result = {}
    for lung in lungs:
        own = [scan for scan in scans if scan.lung == lung and not scan.as_it_is]
        result[lung] = Scores.of(match_scans(tables_of(own))).curve().cpm
    return result


def compare(first: Sequence[SeenScan], second: Sequence[SeenScan]) -> Comparison:
    """Compare on the lungs that both have read, paired by lung."""
    a, b = cpm_by_lung(first), cpm_by_lung(second)
    lungs = [lung for lung in a if lung in b]
    first_cpm, two = (np.array([row[lung] for lung in lungs]) for row in (a, b))
    apart = two - first_cpm
    low, high = percentile_interval(apart[draw_scans(len(lungs))].mean(1))
    return Comparison(
        len(lungs), float(first_cpm.mean()), float(two.mean()), float(apart.mean()), low, high
    )


def read_folds(folder: Path, *, with_second: bool, views: int = 1) -> list[SeenScan]:
    """All lungs, each by the fold that left it out."""
    return [
        scan
        for fold in FOLDS
        if (folder / f"{fold}.csv").exists()
        for scan in read_predictions(folder / f"{fold}.csv", views=views, with_second=with_second)
    ]


def _read_both(folder: Path, *, with_second: bool) -> tuple[list[SeenScan], ...]:
    """What starlung-fast and starlung-lite 0.6 say in two views."""
    return tuple(
        read_predictions(folder / name, views=2, with_second=with_second)
        for name in ("fast-int8.csv", "starlung-lite.csv")
    )


def print_comparisons(folder: Path) -> None:
    """Compare 0.5.0 and the folds on lungs that neither had seen; the folds and their Lite.

    Then 0.5.0 and starlung-fast on lungs that neither had seen.
    """
    for with_second in (True, False):
        stages = "both stages" if with_second else "first stage alone"
        folds = read_folds(folder, with_second=with_second)
        shipped = read_predictions(folder / "shipped.csv", views=2, with_second=with_second)
        print(f"== {stages}, INSERTED nodules, mean over lungs")
        print(f"0.5.0 (two views) and the folds: {compare(shipped, folds)}")
        present = read_folds(folder / "starlung-fast", with_second=with_second)
        print(f"the folds and those of starlung-fast's recipe: {compare(folds, present)}")
        present = read_folds(folder / "starlung-fast", with_second=with_second, views=2)
        beside = compare(shipped, present)
        print(f"0.5.0 and those of starlung-fast's recipe (two views each): {beside}")
        alone = read_predictions(folder / ONE_STRIDE, views=2, with_second=with_second)
        print(
            f"the fold qin of starlung-fast's recipe and stride 8 alone: {compare(present, alone)}"
        )
        lite = read_folds(folder / "lite", with_second=with_second)
        print(f"the folds and their Lite: {compare(folds, lite)}")
        fast = read_predictions(folder / "fast.csv", views=2, with_second=with_second)
        print(f"0.5.0 and starlung-fast in 32 bits (two views each): {compare(shipped, fast)}")
        small = read_predictions(folder / "fast-int8.csv", views=2, with_second=with_second)
        print(f"the first stage of starlung-fast in 32 and in 8 bits: {compare(fast, small)}")
        narrow = _read_both(folder / NARROW, with_second=with_second)
        shifted = _read_both(folder / SHIFTED, with_second=with_second)
        lite = read_predictions(folder / "starlung-lite.csv", views=2, with_second=with_second)
        for name, before, *trials in zip(
            ("fast", "lite 0.6"), (small, lite), narrow, shifted, strict=True
        ):
            for how, trial in zip(("narrowed", "begun elsewhere"), trials, strict=True):
                print(f"the box of starlung-{name} as it was and {how}: {compare(before, trial)}")
        fast, lite = narrow
        print(f"0.5.0 and starlung-fast as shipped (two views each): {compare(shipped, fast)}")
        taught = read_predictions(folder / TAUGHT_ON, views=2, with_second=with_second)
        print(f"the lite of 0.6 and the same taught on rounded: {compare(lite, taught)}")
        once, twice = (
            read_predictions(folder / LITE, views=views, with_second=with_second)
            for views in (1, 2)
        )
        beside = compare(fast, twice)
        print(f"the shipped starlung-fast and starlung-lite (two views each): {beside}")
        print(f"the shipped starlung-fast and starlung-lite in one view: {compare(fast, once)}")
        beside = compare(lite, twice)
        print(f"the lite of 0.6 and starlung-lite as shipped (two views each): {beside}")
