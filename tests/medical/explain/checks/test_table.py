from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from medical.explain.checks.table import CheckedMap, check_map, figure, table
from medical.explain.methods import BASELINES, gaussian
from medical.explain.subject import Crop
from models.training.two_stage import TwoStage

ROW = CheckedMap("a", "one", 1.0, 1.0, 0.5, 0.6, 0.1, 0.9, 0.1, 0.2, 0.5)


def rows() -> list[CheckedMap]:
    return [ROW, replace(ROW, scan="b", pointing=0.0), replace(ROW, scan="c")]


def test_the_mean_is_over_findings() -> None:
    assert figure(rows(), "pointing").mean == pytest.approx(2 / 3)


def test_the_interval_holds_the_mean_and_is_not_empty() -> None:
    value = figure(rows(), "pointing")
    assert value.low < value.mean < value.high


def test_findings_of_one_scan_are_drawn_together() -> None:
    alone = [replace(ROW, pointing=float(k % 2)) for k in range(20)]
    value = figure(alone, "pointing")
    assert value.low == value.high == 0.5


def test_what_was_not_measured_does_not_count() -> None:
    some = [ROW, replace(ROW, scan="b", random_box=math.nan)]
    assert figure(some, "random_box").mean == pytest.approx(0.2)


def test_nothing_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="random_box"):
        figure([replace(ROW, random_box=math.nan)], "random_box")


def test_every_method_has_a_line() -> None:
    text = table([*rows(), replace(ROW, method="two")])
    assert [line.split()[0] for line in text.splitlines()] == ["method", "one", "two"]


def test_a_gaussian_is_judged_as_what_it_is(
    networks: TwoStage, crop: Crop, ball: np.ndarray
) -> None:
    shown, row = check_map(BASELINES["Gaussian at box"], networks, crop, ball, scan="made")
    assert np.array_equal(shown.values, gaussian(crop).values)
    assert (row.pointing, row.random_class, row.random_box) == pytest.approx((1.0, 1.0, 1.0))
    assert row.insertion > row.deletion
