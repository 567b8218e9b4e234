"""Calibration anew, and how honest it is."""

from __future__ import annotations

import numpy as np
import pytest

from medical.training.calibration.fit import CandidateScores, SizeErrors, conformal_quantile
from medical.training.calibration.raw_scores import CalibrationData
from medical.training.calibration.recalibrate import calibrations_without, size_coverage


def made(*, scans: int, each: int, widest: float = 1.0) -> CalibrationData:
    """Scans whose size errors are alike, but for the last one's, ``widest`` times as large."""
    rng = np.random.default_rng(0)
    scan = np.repeat(np.arange(scans), each)
    count = len(scan)
    is_nodule = np.arange(count) % 2 == 0
    score = rng.normal(size=count) + 2 * is_nodule
    scores = CandidateScores(
        score, score, np.full(count, 0.1), is_nodule, np.ones(count), np.full(count, 9.0)
    )
    error = rng.normal(size=count) * np.where(scan == scans - 1, widest, 1.0) * 0.1
    sizes = SizeErrors(error, error, np.full(count, 0.1))
    rows = np.arange(count)
    return CalibrationData(
        scores, sizes, scan, scan, np.ones(count, bool), np.full(count, 8.0), rows
    )


def test_alike_scans_are_held_as_promised() -> None:
    coverage = size_coverage(made(scans=4, each=200))
    assert coverage["diameter"] == pytest.approx(0.95, abs=0.02)
    assert coverage["volume"] == pytest.approx(0.95, abs=0.02)


def test_a_scan_unlike_the_others_shows() -> None:
    assert size_coverage(made(scans=2, each=200, widest=4.0))["diameter"] < 0.8


def test_every_scan_is_left_out_once() -> None:
    held_out = made(scans=3, each=100)
    left = dict(calibrations_without(held_out))
    assert sorted(left) == [0, 1, 2]
    assert all(calibration.candidates == 200 for calibration in left.values())


def test_too_few_others_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        size_coverage(made(scans=2, each=10))


@pytest.mark.parametrize(("count", "rank"), [(19, 19), (20, 20), (39, 38), (60, 58), (400, 381)])
def test_a_case_not_seen_counts_among_them(count: int, rank: int) -> None:
    scores = np.arange(1.0, count + 1)[::-1]
    assert conformal_quantile(scores, coverage=0.95) == rank


def test_too_few_cases_hold_no_interval() -> None:
    with pytest.raises(ValueError, match="18 cases are too few for 95% coverage"):
        conformal_quantile(np.arange(18.0), coverage=0.95)


def test_the_next_case_lies_below_as_often_as_promised() -> None:
    rng = np.random.default_rng(0)
    draws = rng.exponential(size=(4000, 21))
    held = [row[-1] <= conformal_quantile(row[:-1], coverage=0.8) for row in draws]
    assert 0.79 < np.mean(held) < 0.83  # 17 of 21 exactly
