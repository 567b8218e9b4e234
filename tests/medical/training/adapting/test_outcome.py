"""Figures before and after: what is counted, and that a CT is not read by its own calibration."""

from __future__ import annotations

import numpy as np
import pytest

from medical.training.adapting.outcome import figures_of, left_out, read_with, scores_of
from medical.training.calibration.recalibrate import TooFewError
from tests.medical.training.adapting.made import drawn_part, part_of, plain_calibration

NONE = np.zeros((0, 5))


def test_marks_and_found_nodules_are_counted_at_the_threshold() -> None:
    part = part_of(candidates=[0.5, -0.5], nodules=[1.0, -1.0, None])
    figures = figures_of([read_with(part, NONE, plain_calibration(), threshold=0.5)])
    assert figures.findings_per_ct == 1.0
    assert figures.sensitivity == pytest.approx(1 / 3, abs=1e-4)
    assert figures.nodules == 3


def test_a_mark_on_a_suspect_counts_and_is_said_apart() -> None:
    part = part_of(candidates=[2.0, 2.0], centers=[(9, 9, 9), (70, 70, 70)], nodules=[1.0])
    labels = np.array([[9.0, 9.0, 9.0, 8.0, 0.9]])
    figures = figures_of([read_with(part, labels, plain_calibration(), threshold=0.5)])
    assert (figures.findings_per_ct, figures.pseudo_labels_per_ct) == (2.0, 1.0)


def test_small_inserted_nodules_are_not_in_the_sensitivity() -> None:
    part = part_of(candidates=[1.0], nodules=[1.0], mm=3.0)
    assert figures_of([read_with(part, NONE, plain_calibration(), threshold=0.5)]).nodules == 0


def test_marks_too_weak_to_be_written_find_nothing() -> None:
    part = part_of(candidates=[-9.0], nodules=[-9.0])
    outcome = read_with(part, NONE, plain_calibration(), threshold=0.5)
    assert len(outcome.candidates) == 0
    assert outcome.found_at.tolist() == [0.0]


def test_the_loss_is_lower_where_probabilities_are_right() -> None:
    right = part_of(candidates=[-3.0], nodules=[3.0])
    wrong = part_of(candidates=[3.0], nodules=[-3.0])
    losses = [read_with(p, NONE, plain_calibration(), threshold=0.5).loss for p in (right, wrong)]
    assert losses[0] < 0.1 < 1 < losses[1]


def test_suspects_are_not_in_the_loss() -> None:
    part = part_of(candidates=[5.0, -3.0], centers=[(9, 9, 9), (70, 70, 70)], nodules=[3.0])
    labels = np.array([[9.0, 9.0, 9.0, 8.0, 0.9]])
    known, unknown = (
        read_with(part, these, plain_calibration(), threshold=0.5).loss for these in (NONE, labels)
    )
    assert unknown < 0.1 < known


def test_intervals_hold_the_figure_and_widen_with_spread() -> None:
    even = [part_of(candidates=[1.0], nodules=[1.0])] * 6
    uneven = [part_of(candidates=[1.0] * n, nodules=[1.0]) for n in (0, 0, 0, 2, 2, 2)]
    for parts, width in ((even, 0.0), (uneven, 0.5)):
        figures = figures_of(
            [read_with(p, NONE, plain_calibration(), threshold=0.5) for p in parts]
        )
        low, high = figures.findings_ci95
        assert low <= figures.findings_per_ct <= high
        assert high - low >= width
    assert figures.findings_per_ct == 1.0


def test_no_ct_is_refused() -> None:
    with pytest.raises(ValueError, match="no CT"):
        figures_of([])


def test_a_ct_is_read_by_a_calibration_on_the_others() -> None:
    # the odd one out has every logit 3 higher: by its own calibration it would be read well
    parts = [drawn_part(0), drawn_part(1), drawn_part(2, shift=3.0)]
    outcomes = left_out(parts, [NONE] * 3, otherwise=0.5)
    own = left_out([parts[2]] * 3, [NONE] * 3, otherwise=0.5)
    assert outcomes[2].loss > 1.5 * own[0].loss


def test_too_few_nodules_in_the_other_cts_are_said() -> None:
    few = [drawn_part(n, nodules=10) for n in range(3)]
    with pytest.raises(TooFewError, match="20 inserted nodules"):
        left_out(few, [NONE] * 3, otherwise=0.5)


def test_every_mark_of_a_ct_as_it_is_counts_as_false() -> None:
    part = part_of(candidates=[2.0, -1.0], centers=[(9, 9, 9), (70, 70, 70)], nodules=[1.0, None])
    labels = np.array([[9.0, 9.0, 9.0, 8.0, 0.9]])
    scores = scores_of([read_with(part, labels, plain_calibration(), threshold=0.5)])
    assert scores.is_nodule.tolist() == [False, True, False]
    assert scores.nodules.tolist() == [2]
