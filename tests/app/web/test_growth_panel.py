from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from app.web.reading.growth_panel import growth_table
from medical.nodule.growth import Registration
from medical.report.earlier.change import ChangeSince, EarlierCt, Followed, change_since

STAY = Registration(np.eye(4), 1.0)
ONE = Followed(1, (0.0, 0.0, 0.0), 8.0, (7.6, 8.4), 268.0, (230.0, 310.0), "")
FAR = replace(ONE, id=2, center_lps_mm=(90.0, 0.0, 0.0))
GROWN = replace(ONE, diameter_mm=12.0, diameter_ci95=(11.4, 12.6), volume_mm3=905.0)
GROWN = replace(GROWN, volume_ci95=(800.0, 1000.0))
SAME = replace(ONE, volume_mm3=280.0, volume_ci95=(240.0, 320.0))


def changed(now: list[Followed], then: list[Followed], days: int | None) -> ChangeSince:
    earlier = EarlierCt("CT-1", "1.2", "", same_patient=True, days=days)
    return change_since(earlier, now=now, then=then, registration=STAY)


def table(now: list[Followed], then: list[Followed], days: int | None = 90) -> str:
    return growth_table(changed(now, then, days))


def test_growth_stands_with_its_interval_and_doubling_time() -> None:
    page = table([GROWN], [ONE])
    assert "268 → 905" in page
    assert "+637 · +238 % (" in page
    assert "grown" in page
    assert f"{90 * np.log(2) / np.log(905 / 268):.0f}<small>" in page


def test_what_error_may_explain_is_said_to_be_so_and_has_no_doubling_time() -> None:
    page = table([SAME], [ONE])
    assert "not distinguishable from measurement error" in page
    assert "no upper limit can be given" in page
    assert "grown" not in page


def test_what_rounds_to_zero_has_no_sign() -> None:
    page = table([replace(ONE, volume_mm3=267.0, diameter_mm=7.99)], [ONE])
    assert "<small>0.0 · 0 % (" in page
    assert "<small>−1 · 0 % (" in page


def test_without_dates_there_is_change_but_no_doubling_time() -> None:
    page = table([GROWN], [ONE], None)
    assert "grown" in page
    assert "needs the interval in days" in page


def test_shrinking_is_a_halving_time() -> None:
    page = table([ONE], [GROWN])
    assert "shrunk" in page
    assert "(halving)" in page


def test_nodules_without_a_partner_are_named() -> None:
    page = table([GROWN, FAR], [ONE, replace(ONE, id=7, center_lps_mm=(-90.0, 0.0, 0.0))])
    assert "(new, or not detected then): 2." in page
    assert "(resolved, or not detected): 7." in page


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "No nodule was found in both CTs."), ("zh", "两次 CT 中没有匹配的结节。")],
)
def test_nothing_in_common_is_said(
    language: str, text: str, read_in: Callable[[str], None]
) -> None:
    read_in(language)
    assert text in growth_table(changed([FAR], [ONE], None))
