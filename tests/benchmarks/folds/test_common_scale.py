"""Scores of several networks on one scale."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from medical.evaluation.froc import Scores, match_scans
from tests.benchmarks.folds.common_scale import on_common_scale
from tests.benchmarks.leave_out.made import at, made_scan
from tests.benchmarks.leave_out.score import tables_of
from tests.benchmarks.leave_out.seen_scan import SeenScan


def a_fold(*, offset: float = 0.0) -> list[SeenScan]:
    """Two lungs, each with a nodule at place 0 and false marks elsewhere."""
    strong = made_scan("a", [3.0, 1.0, 0.0], inserted=at(0))
    weak = made_scan("b", [2.5, 0.5, -0.5], inserted=at(0))
    return [replace(scan, scores=scan.scores + offset) for scan in (strong, weak)]


def test_a_fold_s_own_offset_no_longer_matters() -> None:
    plain, shifted = on_common_scale(a_fold()), on_common_scale(a_fold(offset=-9.0))
    for item, other in zip(plain, shifted, strict=True):
        assert np.allclose(item.scores, other.scores)


def test_order_within_a_scan_stays() -> None:
    for before, after in zip(a_fold(), on_common_scale(a_fold()), strict=True):
        assert (np.diff(after.scores)[np.diff(before.scores) < 0] < 0).all()


def test_folds_pooled_find_what_each_finds_alone() -> None:
    others = [replace(s, name=s.name + "'", lung=s.lung + "'") for s in a_fold(offset=-9.0)]
    pooled = on_common_scale(a_fold()) + on_common_scale(others)
    raw = Scores.of(match_scans(tables_of(a_fold() + others))).curve().cpm
    assert raw < 1.0
    assert Scores.of(match_scans(tables_of(pooled))).curve().cpm == 1.0


def test_a_lung_does_not_say_how_its_own_scores_are_read() -> None:
    lone = a_fold()
    louder = [replace(lone[0], scores=lone[0].scores + np.array([0.0, 1.5, 1.5])), lone[1]]
    assert np.allclose(on_common_scale(louder)[0].scores[0], on_common_scale(lone)[0].scores[0])


def test_one_lung_alone_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="only lung"):
        on_common_scale(a_fold()[:1])
