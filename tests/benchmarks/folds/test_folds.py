"""What the folds leave out, and the figures of the predictions kept here."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.benchmarks.folds.__main__ import PRESENT, print_inserted, print_real
from tests.benchmarks.folds.predictions import PREDICTIONS, read_predictions
from tests.benchmarks.folds.scans import FOLDS, SCANS, fold_of, left_out


def test_each_scan_is_left_out_by_the_fold_of_its_collection_alone() -> None:
    for name, scan in SCANS.items():
        out = [fold for fold in FOLDS if name in left_out(fold)]
        assert out == [fold_of(name)] and scan.collection in FOLDS[out[0]]


@pytest.mark.parametrize("folder", [PREDICTIONS, PRESENT])
@pytest.mark.parametrize("fold", ["qin", "lidc", "others"])
def test_kept_predictions_are_of_what_the_fold_left_out(fold: str, folder: Path) -> None:
    with (folder / f"{fold}.csv").open(newline="", encoding="utf-8") as file:
        lungs = {row["lung"] for row in csv.DictReader(file)}
    assert lungs == set(left_out(fold))


@pytest.mark.parametrize(("folder", "views"), [(PREDICTIONS, 1), (PRESENT, 2)])
def test_figures_are_those_of_the_page(folder: Path, views: int) -> None:
    folds = {
        fold: read_predictions(folder / f"{fold}.csv", views=views, with_second=False)
        for fold in ("qin", "lidc", "others")
    }
    figures = {**print_real(folds), **print_inserted(folds)}
    page = (Path(__file__).parents[3] / "docs/benchmarks/folds.md").read_text("utf-8")
    keys = (
        "cpm_pooled",
        "cpm_worst_collection",
        "other_marks_per_scan",
        "real_found",
        "real_total",
    )
    for key in keys:
        assert f'"{key}": {figures[key]}' in page, key
