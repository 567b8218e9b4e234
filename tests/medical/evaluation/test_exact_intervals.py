"""Exact intervals against published values."""

from __future__ import annotations

import pytest

from medical.evaluation.exact_intervals import rate_interval, share_interval


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


@pytest.mark.parametrize(("found", "of"), [(-1, 3), (4, 3), (0, 0)])
def test_impossible_shares_are_refused(found: int, of: int) -> None:
    with pytest.raises(ValueError, match="found must lie"):
        share_interval(found, of)


def test_no_scan_is_refused() -> None:
    with pytest.raises(ValueError, match="scans at least 1"):
        rate_interval(0, 0)
