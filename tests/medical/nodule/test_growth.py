"""Growth between two CTs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from medical.nodule.growth import (
    INDISTINGUISHABLE,
    Measured,
    change,
    doubling_time_ci95,
    volume_doubling_time,
)


def test_doubles_in_the_interval() -> None:
    assert volume_doubling_time(100, 200, interval_days=90) == pytest.approx(90)


def test_quadruples_in_twice_the_doubling_time() -> None:
    assert volume_doubling_time(100, 400, interval_days=90) == pytest.approx(45)


def test_shrinks() -> None:
    assert volume_doubling_time(200, 100, interval_days=90) == pytest.approx(-90)


def test_unchanged() -> None:
    assert volume_doubling_time(100, 100, interval_days=90) == math.inf


@pytest.mark.parametrize("name", ["volume_before_mm3", "volume_after_mm3", "interval_days"])
def test_zero_refused(name: str) -> None:
    values = {"volume_before_mm3": 1.0, "volume_after_mm3": 1.0, "interval_days": 1.0, name: 0.0}
    with pytest.raises(ValueError, match=f"{name} must be a positive number, got 0"):
        volume_doubling_time(
            values["volume_before_mm3"],
            values["volume_after_mm3"],
            interval_days=values["interval_days"],
        )


def test_says_when_the_error_of_measuring_explains_it() -> None:
    before, after = Measured(100, (80, 125)), Measured(120, (96, 150))
    found = change(before, after)
    assert found.verdict == INDISTINGUISHABLE
    assert found.ratio_ci95[0] < 1 < found.ratio_ci95[1]
    assert doubling_time_ci95(before, after, interval_days=90) is None


def test_grown() -> None:
    before, after = Measured(100, (90, 110)), Measured(200, (180, 220))
    assert change(before, after).verdict == "grown"
    shortest, longest = doubling_time_ci95(before, after, interval_days=90) or (0, 0)
    assert shortest < 90 < longest


def test_shrunk_has_negative_doubling_times() -> None:
    before, after = Measured(200, (180, 220)), Measured(100, (90, 110))
    assert change(before, after).verdict == "shrunk"
    shortest, longest = doubling_time_ci95(before, after, interval_days=90) or (0, 0)
    assert shortest < -90 < longest < 0


def test_the_interval_holds_the_true_ratio_as_often_as_it_says() -> None:
    random = np.random.default_rng(4)
    sigma_before, sigma_after, truth, inside = 0.1, 0.2, 1.5, 0
    for _ in range(2000):
        a = 100 * math.exp(random.normal(0, sigma_before))
        b = 100 * truth * math.exp(random.normal(0, sigma_after))
        width_a, width_b = math.exp(1.96 * sigma_before), math.exp(1.96 * sigma_after)
        found = change(
            Measured(a, (a / width_a, a * width_a)), Measured(b, (b / width_b, b * width_b))
        )
        inside += found.ratio_ci95[0] <= truth <= found.ratio_ci95[1]
    assert 0.935 < inside / 2000 < 0.965


def test_a_value_outside_its_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="lies outside its interval"):
        Measured(10, (11, 12))
