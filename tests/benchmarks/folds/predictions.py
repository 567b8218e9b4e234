"""The tables that ``folds.read`` writes, read back."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from medical.detection.calibration import MIN_DIAMETER_MM, large_enough
from tests.benchmarks.folds.read import COLUMNS
from tests.benchmarks.leave_out.seen_scan import Places, SeenScan

PREDICTIONS = Path(__file__).with_name("predictions")


def read_predictions(path: Path, *, views: int, with_second: bool = True) -> list[SeenScan]:
    """Scans of one fold, in the order of the table.

    Args:
        path: the table.
        views: how many views the first stage had.
        with_second: whether the second stage's logits count.
    """
    rows: dict[str, dict[str, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    lungs: dict[str, str] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            lungs[row["scan"]] = row["lung"]
            numbers = [float(row[name] or "nan") for name in COLUMNS[3:]]
            rows[row["scan"]][row["kind"]].append(numbers)
    return [
        _scan_of(name, lungs[name], tables, views=views, with_second=with_second)
        for name, tables in rows.items()
    ]


def _scan_of(
    name: str, lung: str, tables: dict[str, list[list[float]]], *, views: int, with_second: bool
) -> SeenScan:
    def places(kind: str) -> Places:
        return np.array(tables[kind], np.float64).reshape(-1, 6)[:, :4]

    candidates = np.array(tables[f"views{views}"], np.float64).reshape(-1, 6)
    scores = candidates[:, 4] + large_enough(candidates[:, 3], least_mm=MIN_DIAMETER_MM)
    if with_second:
        scores = scores + candidates[:, 5]
    return SeenScan(
        name,
        lung,
        candidates[:, :4],
        scores,
        places("known"),
        np.concatenate([places("doubtful"), places("irrelevant")]),
        places("inserted"),
        places("ignored"),
    )
