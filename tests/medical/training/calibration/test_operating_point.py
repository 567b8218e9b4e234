"""The promise of an operating point, kept and refused."""

from __future__ import annotations

import numpy as np
import pytest

from medical.training.calibration.operating_point import controlled_threshold


def test_keeps_its_promise_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    kept = 0
    for _ in range(400):
        threshold = controlled_threshold(rng.random(200), sensitivity=0.8, confidence=0.9)
        kept += 1 - threshold >= 0.8  # uniform scores: the true sensitivity is 1 - threshold
    assert 0.87 <= kept / 400 <= 0.96


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
    with pytest.raises(ValueError, match="60 of 160 nodules without a mark"):
        controlled_threshold(scores, sensitivity=0.8, confidence=0.9)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1])
def test_impossible_shares_are_refused(share: float) -> None:
    with pytest.raises(ValueError, match="sensitivity must lie"):
        controlled_threshold(np.ones(50), sensitivity=share, confidence=0.9)
