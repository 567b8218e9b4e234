"""The operating point: a guaranteed sensitivity, and what it costs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logit

from medical.training.calibration.fit import CandidateScores, SizeErrors
from medical.training.calibration.operating_point import (
    THRESHOLDS,
    choose_operating,
    controlled_threshold,
)
from medical.training.calibration.raw_scores import CalibrationData
from models.zoo.card import Calibration
from models.zoo.loader import DEFAULT_MODEL, find_model


def test_keeps_its_promise_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    count = 0
    for _ in range(400):
        threshold = controlled_threshold(rng.random(200), sensitivity=0.8, confidence=0.9)
        count += 1 - threshold >= 0.8  # uniform scores: the true sensitivity is 1 - threshold
    assert 0.87 <= count / 400 <= 0.96


def test_more_nodules_allow_a_higher_threshold() -> None:
    scores = np.linspace(0.01, 1, 1000)
    few = controlled_threshold(scores[::20], sensitivity=0.8, confidence=0.95)
    many = controlled_threshold(scores, sensitivity=0.8, confidence=0.95)
    assert few < many < 0.2


def test_more_confidence_lowers_the_threshold() -> None:
    scores = np.linspace(0.01, 1, 300)
    sure = controlled_threshold(scores, sensitivity=0.8, confidence=0.99)
    assert sure < controlled_threshold(scores, sensitivity=0.8, confidence=0.8)


def test_at_the_threshold_counts_as_found() -> None:
    scores = np.repeat(0.5, 100)
    assert controlled_threshold(scores, sensitivity=0.9, confidence=0.9) == 0.5


def test_too_few_nodules_are_refused() -> None:
    with pytest.raises(ValueError, match="5 nodules are too few"):
        controlled_threshold(np.ones(5), sensitivity=0.9, confidence=0.95)


def test_too_many_missed_are_refused() -> None:
    scores = np.r_[np.zeros(60), np.ones(100)]
    with pytest.raises(ValueError, match="60 of 160 nodules without a candidate"):
        controlled_threshold(scores, sensitivity=0.8, confidence=0.9)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_impossible_shares_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="sensitivity must lie"):
        controlled_threshold(np.ones(50), sensitivity=share, confidence=0.9)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    """Reads a candidate's probability as the logistic of its detector's logit."""
    card = find_model(DEFAULT_MODEL).card
    plain = {"intercept": 0.0, "detector_slope": 1.0, "refiner_slope": 0.0}
    return card.calibration.model_copy(update=plain)


def measured(*, nodules: list[float], false: list[float], mm: float = 8.0) -> CalibrationData:
    """Inserted nodules by their probability (0: no candidate), and false positives."""
    candidates = [p for p in nodules if p > 0]
    row, rows = 0, []
    for p in nodules:
        rows.append(row if p > 0 else -1)
        row += p > 0
    scores = logit(np.array([*candidates, *false]))
    zeros, count = np.zeros(len(scores)), len(scores)
    is_nodule = np.arange(count) < len(candidates)
    # a weight of one for inserted nodules too: they must be told from false positives by their rows
    return CalibrationData(
        CandidateScores(scores, zeros, zeros, is_nodule, np.ones(count), np.full(count, 9.0)),
        SizeErrors(np.zeros(0), np.zeros(0), np.zeros(0)),
        np.zeros(count, int),
        np.zeros(0, int),
        np.array(rows) >= 0,
        np.full(len(nodules), mm),
        np.array(rows),
    )


def test_threshold_keeps_the_promise_and_is_the_highest_that_does(calibration: Calibration) -> None:
    nodules = list(np.linspace(0.05, 0.95, 100))
    chosen = choose_operating(measured(nodules=nodules, false=[0.5]), calibration, scans=2)
    # of 100 nodules 4 may be missed: P(Binomial(100, 0.1) <= 4) = 0.0237, of 5: 0.0576
    assert chosen.guarantee["sensitivity"] == 0.9
    assert chosen.threshold == pytest.approx(np.sort(nodules)[4], abs=1e-3)
    assert chosen.threshold <= np.sort(nodules)[4]
    assert chosen.guarantee["measured_sensitivity_of_all_sizes"] == pytest.approx(0.96)


def test_a_promise_that_costs_too_many_false_marks_is_not_made(calibration: Calibration) -> None:
    nodules = list(np.linspace(0.05, 0.95, 100))
    held = measured(nodules=nodules, false=[0.22] * 10)
    chosen = choose_operating(held, calibration, scans=2)
    # 18 may be missed for 0.74: P(Binomial(100, 0.26) <= 18) = 0.0399, and the next lies below
    # 0.22; 19 may be missed for 0.73: 0.0420, and that one lies above
    assert chosen.guarantee["sensitivity"] == 0.73
    assert chosen.threshold == pytest.approx(np.sort(nodules)[19], abs=1e-3)
    assert np.sort(nodules)[18] < 0.22 < chosen.threshold


def test_the_last_promise_is_made_at_any_cost(calibration: Calibration) -> None:
    nodules = list(np.linspace(0.05, 0.95, 100))
    chosen = choose_operating(measured(nodules=nodules, false=[0.9] * 9), calibration, scans=2)
    assert chosen.guarantee["sensitivity"] == 0.7
    assert chosen.guarantee["measured_false_positives_per_scan"] == 4.5


def test_curve_counts_false_marks_a_scan(calibration: Calibration) -> None:
    held = measured(nodules=[0.6, 0.4, 0.0, 0.8], false=[0.35, 0.25, 0.85])
    curve = {c.threshold: c for c in choose_operating(held, calibration, scans=2).curve}
    assert tuple(curve) == THRESHOLDS
    assert (curve[0.3].sensitivity, curve[0.3].false_positives_per_scan) == (0.75, 1.0)
    assert (curve[0.5].sensitivity, curve[0.5].false_positives_per_scan) == (0.5, 0.5)


def test_too_few_nodules_promise_nothing_and_it_says_so(calibration: Calibration) -> None:
    chosen = choose_operating(measured(nodules=[0.9] * 5, false=[0.1]), calibration, scans=3)
    assert chosen.threshold is None
    assert "5 nodules are too few" in str(chosen.guarantee["none"])


def test_marks_that_are_not_written_find_nothing(calibration: Calibration) -> None:
    held = measured(nodules=[0.9] * 70 + [0.01] * 30, false=[0.1])
    assert choose_operating(held, calibration, scans=3).threshold is None


def test_small_nodules_are_not_in_the_promise(calibration: Calibration) -> None:
    held = measured(nodules=[0.9] * 100, false=[0.1], mm=3.0)
    assert choose_operating(held, calibration, scans=3).threshold is None
