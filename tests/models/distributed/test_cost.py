from __future__ import annotations

import pytest

from models.distributed.cost import NEARLY, Costs, Line
from models.distributed.strategy import DENSE, Strategy

COMPRESSED, SPARSE = Strategy(precision=None), Strategy(sparse=True, precision=None)


def costs(dense: Line, compressed: Line, sparse: Line) -> Costs:
    lines = {DENSE: dense, COMPRESSED: compressed, SPARSE: sparse}
    return Costs(lines, megabits=10.0, latency_seconds=0.0004, nodes=2)


def test_line_goes_through_both_measurements() -> None:
    line = Line.through(1000, 0.25, 5000, 1.25)
    assert line.seconds(1000) == pytest.approx(0.25)
    assert line.seconds(5000) == pytest.approx(1.25)


def test_noise_makes_no_line_that_falls() -> None:
    line = Line.through(1000, 0.3, 5000, 0.1)
    assert line.per_value == 0
    assert line.seconds(10**9) == pytest.approx(0.3)


def test_two_measurements_of_one_size_are_no_line() -> None:
    with pytest.raises(ValueError, match="got 1000"):
        Line.through(1000, 0.1, 1000, 0.2)


def test_small_bucket_goes_dense_and_large_one_sparse_over_a_slow_link() -> None:
    slow = costs(Line(0.001, 6e-6), Line(0.005, 1e-6), Line(0.02, 1e-7))
    assert slow.choose(100) == DENSE
    assert slow.choose(1_000_000) == SPARSE


def test_way_that_loses_less_is_taken_where_it_is_nearly_as_fast() -> None:
    almost = costs(Line(NEARLY - 0.001, 0), Line(1.2, 0), Line(1.0, 0))
    assert almost.choose(10) == DENSE
    slower = costs(Line(NEARLY + 0.001, 0), Line(1.2, 0), Line(1.0, 0))
    assert slower.choose(10) == SPARSE


def test_choice_is_explained_with_what_the_others_cost() -> None:
    text = costs(Line(0, 1e-6), Line(0, 5e-7), Line(0.002, 0)).explain(1, 100_000)
    assert "bucket 1 of 100,000 values goes sparse" in text
    assert "10 Mb/s, 0.4 ms" in text
    assert "dense 100 ms, compressed 50 ms, sparse 2 ms" in text
