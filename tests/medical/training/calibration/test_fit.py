"""A probability is of a nodule of at least 4 mm, where the card asks for that."""

from __future__ import annotations

import numpy as np

from medical.detection.calibration import MIN_DIAMETER_MM, large_enough, probability
from medical.training.calibration.fit import CandidateScores, SizeErrors, fit_calibration
from models.zoo.card import Calibration

COUNT = 400


def _scores() -> CandidateScores:
    """False positives of 3.3 mm and nodules of 8 mm whose logits overlap."""
    rng = np.random.default_rng(0)
    is_nodule = np.arange(COUNT) % 2 == 0
    logit = rng.normal(size=COUNT) + 0.5 * is_nodule
    mm = np.where(is_nodule, 8.0, 3.3)
    return CandidateScores(
        logit, logit, np.full(COUNT, 0.1), is_nodule, np.where(is_nodule, 0.1, 1.0), mm
    )


def _fit(scores: CandidateScores) -> Calibration:
    error = np.random.default_rng(1).normal(size=100) * 0.1
    sizes = SizeErrors(error, error, np.full(100, 0.1))
    return fit_calibration(scores, sizes, description="", coverage={})


def _said(calibration: Calibration, mm: float) -> float:
    ones = np.ones(1)
    return float(probability(calibration, ones, ones, 0.1 * ones, mm * ones)[0][0])


def test_the_chance_rises_with_the_size_and_is_even_at_the_limit() -> None:
    chance = np.exp(
        large_enough(np.array([2.0, 3.5, MIN_DIAMETER_MM, 5.0, 20.0]), least_mm=MIN_DIAMETER_MM)
    )
    assert (np.diff(chance) > 0).all()
    assert chance[2] == 0.5
    assert chance[0] < 1e-4
    assert chance[4] > 0.9999


def test_any_size_will_do_where_none_is_asked_for() -> None:
    assert not large_enough(np.array([1.0, 30.0]), least_mm=0.0).any()


def test_the_same_logits_say_less_of_what_is_small() -> None:
    calibration = _fit(_scores())
    assert calibration.least_mm == MIN_DIAMETER_MM
    assert _said(calibration, 3.3) < 0.5 * _said(calibration, 8.0)


def test_a_card_without_a_limit_reads_as_before() -> None:
    calibration = _fit(_scores()).model_copy(update={"least_mm": 0.0})
    assert _said(calibration, 3.3) == _said(calibration, 8.0)


def test_rows_of_no_weight_change_nothing() -> None:
    scores = _scores()
    more = CandidateScores(
        *(
            np.concatenate([column, column[:50]])
            for column in (
                scores.detector_logit,
                scores.refiner_logit,
                scores.refiner_std,
                scores.is_nodule,
            )
        ),
        np.concatenate([scores.weight, np.zeros(50)]),
        np.concatenate([scores.diameter_mm, np.full(50, 3.0)]),
    )
    assert _fit(more) == _fit(scores)
