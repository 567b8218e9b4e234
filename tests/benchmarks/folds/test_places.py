"""Where a nodule lies in the lung."""

from __future__ import annotations

import numpy as np

from tests.benchmarks.folds.places import DEEP, MEDIASTINUM, NEAR, WALL, hits_of, name_places
from tests.benchmarks.leave_out.seen_scan import SeenScan


def test_what_has_lung_on_both_sides_is_no_chest_wall() -> None:
    lung = np.zeros((80, 80, 200), bool)
    lung[5:75, 5:75, 5:80] = lung[5:75, 5:75, 120:195] = True
    nodules = [(40, 40, 9, 6), (40, 40, 76, 6), (40, 40, 17, 6), (40, 40, 42, 6)]
    assert name_places(lung, np.array(nodules, float)) == [WALL, MEDIASTINUM, NEAR, DEEP]


def test_a_hit_lies_inside_the_radius_and_above_the_threshold() -> None:
    nodules = np.array([[10.0, 10, 10, 6], [30, 10, 10, 6], [50, 10, 10, 6]])
    candidates = nodules + np.array([[2, 0, 0, 0], [4, 0, 0, 0], [0, 0, 0, 0]])
    none = np.zeros((0, 4))
    scan = SeenScan("a+1", "a", candidates, np.array([1.0, 1.0, 0.1]), none, none, nodules, none)
    assert hits_of(scan, 0.5).tolist() == [True, False, False]
