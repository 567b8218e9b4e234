"""Pseudo-labels are counted in part."""

from __future__ import annotations

import numpy as np
import pytest

from medical.training.adapting.soft_labels import with_soft_labels
from tests.medical.training.adapting.made import part_of


def test_a_suspect_counts_as_nodule_by_its_probability_and_as_false_by_the_rest() -> None:
    part = part_of(candidates=[3.0, -1.0], centers=[(10, 10, 10), (90, 90, 90)], nodules=[2.0])
    counted = with_soft_labels(part, np.array([[10.0, 10.0, 11.0, 9.0, 0.7]]))
    here = counted.scores.detector_logit == 3.0
    assert counted.scores.is_nodule[here].tolist() == [False, True]
    assert counted.scores.weight[here] == pytest.approx([0.3, 0.7])
    assert counted.scores.weight[counted.scores.detector_logit == -1.0].tolist() == [1.0]


def test_without_suspects_nothing_changes() -> None:
    part = part_of(candidates=[3.0], nodules=[2.0])
    assert with_soft_labels(part, np.zeros((0, 5))) is part
