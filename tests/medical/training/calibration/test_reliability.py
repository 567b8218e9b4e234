"""Coverage on a scan comes from a calibration that did not see it."""

from __future__ import annotations

import numpy as np
import pytest

from medical.training.calibration.fit import CandidateScores, SizeErrors
from medical.training.calibration.raw_scores import CalibrationData
from medical.training.calibration.reliability import calibrations_without, size_coverage


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
