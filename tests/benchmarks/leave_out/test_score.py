from __future__ import annotations

from pathlib import Path

import numpy as np

from medical.evaluation.froc import Scores, match_scans
from tests.benchmarks.leave_out.made import at, made_scan
from tests.benchmarks.leave_out.score import lung_interval, tables_of
from tests.benchmarks.leave_out.seen_scan import load_scans, save_scans


def test_known_and_doubtful_places_are_neither_found_nor_false() -> None:
    scan = made_scan("a", [3.0, 2.0, 1.0, 0.0], copy="+1", known=at(0), ignore_regions=at(1,
    mm=1.0),
                     inserted=at(2))  # fmt: skip
    (match,) = match_scans(tables_of([scan]))
    assert match.ignored_irrelevant == 2
    assert [round(result or 0.0, 3) for result in match.found_at] == [0.731]
    assert match.false_positives == (0.5,)


def test_copies_of_one_lung_are_redrawn_together() -> None:
    good = [made_scan("a", [5.0], copy=f"+{n}", inserted=at(0)) for n in range(8)]
    bad = [made_scan("b", [5.0], copy=f"+{n}", inserted=at(3)) for n in range(8)]
    scores = Scores.of(match_scans(tables_of(good + bad)))
    low, high = lung_interval(scores, [scan.lung for scan in good + bad])
    assert (low, high) == (0.0, 1.0)


def test_scans_are_kept_as_they_are(tmp_path: Path) -> None:
    scans = [made_scan("a", [1.0, 2.0], known=at(0)), made_scan("a", [], copy="+1")]
    save_scans(scans, tmp_path / "a.npz")
    first, second = load_scans(tmp_path / "a.npz")
    assert first.as_it_is and not second.as_it_is
    assert np.array_equal(first.scores, scans[0].scores)
    assert (second.name, second.lung) == ("a+1", "a")
    assert second.marks.shape == (0, 4)
