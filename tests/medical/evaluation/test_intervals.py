"""Exact intervals against published values, and the bootstrap by scan."""

from __future__ import annotations

import numpy as np
import pytest

from medical.evaluation.intervals import (
    draw_scans,
    percentile_interval,
    rate_interval,
    share_interval,
    times_drawn,
)


def test_a_share_in_the_middle() -> None:
    # Newcombe, Stat Med 1998;17:857, table I, method 5: 81 of 263
    assert share_interval(81, 263) == pytest.approx((0.2527, 0.3676), abs=5e-5)


def test_none_found() -> None:
    assert share_interval(0, 20) == pytest.approx((0.0, 0.1684), abs=5e-5)


def test_all_found() -> None:
    assert share_interval(20, 20) == pytest.approx((0.8316, 1.0), abs=5e-5)


def test_no_event_in_three_scans() -> None:
    # the "rule of three", two-sided: 3.689 events at most
    assert rate_interval(0, 3) == pytest.approx((0.0, 3.689 / 3), abs=1e-3)


def test_ten_events() -> None:
    assert rate_interval(10, 1) == pytest.approx((4.795, 18.390), abs=1e-3)


@pytest.mark.parametrize(("hits", "of"), [(-1, 3), (4, 3), (0, 0)])
def test_impossible_shares_are_refused(hits: int, of: int) -> None:
    with pytest.raises(ValueError, match="found must lie"):
        share_interval(hits, of)


def test_no_scan_is_refused() -> None:
    with pytest.raises(ValueError, match="scans at least 1"):
        rate_interval(0, 0)


def test_a_seed_draws_the_same_scans_whatever_is_measured() -> None:
    drawn = draw_scans(7, draws=50, seed=3)
    assert (drawn == draw_scans(7, draws=50, seed=3)).all()
    assert (drawn != draw_scans(7, draws=50, seed=4)).any()
    assert drawn.shape == (50, 7)
    times = times_drawn(7, draws=50, seed=3)
    assert [np.repeat(np.arange(7), row).tolist() for row in times] == np.sort(drawn).tolist()


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    values = np.random.default_rng(0).normal(size=400)
    low, high = percentile_interval(values[draw_scans(400, draws=4000)].mean(1))
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.006)


def test_draws_without_a_value_are_left_out() -> None:
    known = np.arange(101.0)
    assert percentile_interval(np.append(known, np.nan)) == percentile_interval(known)
    assert np.isnan(percentile_interval(np.array([np.nan]))).all()


@pytest.mark.parametrize(("count", "draws"), [(0, 5), (5, 0)])
def test_no_scan_and_no_draw_are_refused(count: int, draws: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        draw_scans(count, draws=draws)
