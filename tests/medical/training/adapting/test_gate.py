"""The gate: new weights and new calibrations that are worse do not pass."""

from __future__ import annotations

import numpy as np

from medical.training.adapting.gate import (
    decide_on_calibration,
    decide_on_weights,
    high_probability_kept,
)
from medical.training.adapting.outcome import CtOutcome, read_with
from tests.medical.training.adapting.made import drawn_part, part_of, plain_calibration

NONE = np.zeros((0, 5))
HIGH_PROBABILITY = np.array([[9.0, 9.0, 9.0, 8.0, 0.95]])


def outcomes(*, shift: float = 0.0, cts: int = 8, candidates: float = 0.0) -> list[CtOutcome]:
    """Of CTs whose candidates are ``marks`` stronger than those that ``drawn_part`` makes."""
    made = []
    for seed in range(cts):
        part = drawn_part(seed, shift=shift)
        part.scores.detector_logit[~part.scores.is_nodule] += candidates
        made.append(read_with(part, NONE, plain_calibration(), threshold=0.5))
    return made


def test_the_same_weights_pass() -> None:
    assert decide_on_weights(outcomes(), outcomes(), [NONE] * 8).replaces


def test_weights_with_stronger_false_marks_do_not_pass() -> None:
    decision = decide_on_weights(outcomes(candidates=3.0), outcomes(), [NONE] * 8)
    assert not decision.replaces
    assert "worse" in decision.why


def test_too_few_cts_do_not_pass() -> None:
    decision = decide_on_weights(outcomes(cts=4), outcomes(cts=4), [NONE] * 4)
    assert not decision.replaces
    assert "too few" in decision.why


def test_weights_that_lose_what_the_old_model_was_sure_of_do_not_pass() -> None:
    decision = decide_on_weights(outcomes(), outcomes(), [HIGH_PROBABILITY] * 8)
    assert not decision.replaces
    assert (decision.high_probability_still_found, decision.high_probability) == (0, 8)
    assert "may be nodules" in decision.why


def test_a_sure_mark_is_kept_where_a_finding_lies_at_it() -> None:
    part = part_of(candidates=[2.0], centers=[(9.0, 9.0, 12.0)], nodules=[1.0])
    still = read_with(part, HIGH_PROBABILITY, plain_calibration(), threshold=0.5)
    below = read_with(part, HIGH_PROBABILITY, plain_calibration(), threshold=0.95)
    assert high_probability_kept([still], [HIGH_PROBABILITY]) == (1, 1)
    assert high_probability_kept([below], [HIGH_PROBABILITY]) == (0, 1)


def test_marks_of_which_the_old_model_was_not_sure_need_not_stay() -> None:
    not_high = np.array([[9.0, 9.0, 9.0, 8.0, 0.5]])
    assert high_probability_kept(outcomes(cts=1), [not_high]) == (0, 0)


def test_a_calibration_that_fits_better_passes() -> None:
    assert decide_on_calibration(outcomes(), outcomes(shift=3.0)).replaces


def test_a_calibration_that_fits_worse_does_not_and_it_says_so() -> None:
    decision = decide_on_calibration(outcomes(shift=3.0), outcomes())
    assert not decision.replaces
    assert "the old stays" in decision.why
