"""The comparisons that docs/benchmarks quote."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.benchmarks.folds.compare import compare, print_comparisons, read_folds
from tests.benchmarks.folds.predictions import PREDICTIONS
from tests.benchmarks.folds.small.precision import print_widths
from tests.benchmarks.leave_out.seen_scan import SeenScan

PAGES = Path(__file__).parents[3] / "docs" / "benchmarks"


def scan(lung: str, *, hit: bool) -> SeenScan:
    """One nodule, and a candidate on it or far from it."""
    none = np.zeros((0, 4))
    place = np.array([[50.0, 50.0, 50.0, 8.0]])
    candidates = place if hit else place + np.array([30, 0, 0, 0])
    return SeenScan(f"{lung}-1", lung, candidates, np.array([1.0]), none, none, place, none)


def test_lungs_are_paired_by_name_and_those_that_one_lacks_left_out() -> None:
    first = [scan("a", hit=True), scan("b", hit=False), scan("c", hit=True)]
    second = [scan("b", hit=True), scan("a", hit=True)]
    result = compare(first, second)
    assert (result.lungs, result.first, result.second) == (2, 0.5, 1.0)
    assert result.difference == 0.5
    assert result.low == 0.0 and result.high == 1.0


def test_a_network_beside_itself_differs_by_nothing() -> None:
    folds = read_folds(PREDICTIONS, with_second=False)
    result = compare(folds, folds)
    assert result.lungs == 18
    assert result.difference == result.low == result.high == 0.0


def test_the_pages_quote_what_the_predictions_give(capsys) -> None:  # type: ignore[no-untyped-def]
    print_comparisons(PREDICTIONS)
    lines = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith(("0.5", "the"))
    ]
    assert len(lines) == 32
    text = "\n".join((PAGES / f"{name}.md").read_text("utf-8") for name in ("folds", "lite"))
    for line in lines:
        assert line in text, line


def test_the_page_quotes_what_each_width_finds(capsys) -> None:  # type: ignore[no-untyped-def]
    print_widths(PREDICTIONS / "widths")
    lines = [line for line in capsys.readouterr().out.splitlines() if "both stages" in line]
    assert len(lines) == 5
    page = (PAGES / "lite.md").read_text("utf-8")
    for line in lines:
        assert line in page, line
