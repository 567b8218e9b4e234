"""New, growing or stable, as Lung-RADS v2022 defines growth.

Source:
    ACR Lung-RADS v2022, note on growth: an increase in mean diameter of more than 1.5 mm within a
    12-month interval. Slow growth over several examinations cannot be told from two CTs.
"""

from __future__ import annotations

from dataclasses import dataclass

from medical.nodule.guidelines.assessment import History
from medical.nodule.guidelines.rules import round_half_up

GROWTH_MM = 1.5
YEAR_DAYS = 365.25
DAYS_BETWEEN = "days between the two CTs"
GROWTH_IN_A_YEAR = "growth within 12 months"


@dataclass(frozen=True, slots=True)
class HistoryFound:
    """What a comparison says about one nodule.

    Args:
        history: ``None`` where the comparison cannot say it.
        others: histories that the interval of the difference does not exclude.
        missing: what would have to be known, where ``history`` is ``None``.
    """

    history: History | None
    others: tuple[History, ...] = ()
    missing: str = ""


def history_by_growth(
    difference_mm: float,
    *,
    difference_ci95: tuple[float, float] | None,
    interval_days: float | None,
) -> HistoryFound:
    """Whether a nodule found in both CTs is growing or stable (or smaller).

    Args:
        difference_mm: of the mean diameters, later minus earlier; counts to one decimal.
        difference_ci95: its interval; ``None`` where a reader's own measure has none.
        interval_days: between the two CTs, > 0; ``None`` when it is not known.
    """
    history, missing = _history(difference_mm, interval_days)
    if history is None:
        return HistoryFound(None, missing=missing)
    ends = () if difference_ci95 is None else difference_ci95
    reached = {_history(end, interval_days)[0] for end in ends}
    others: tuple[History, ...] = ("growing", "stable")
    return HistoryFound(history, tuple(one for one in others if one in reached and one != history))


def _history(difference_mm: float, interval_days: float | None) -> tuple[History | None, str]:
    sign = 1 if difference_mm >= 0 else -1
    difference = sign * round_half_up(abs(difference_mm), digits=1)
    if difference <= GROWTH_MM:
        return "stable", ""
    if interval_days is None:
        return None, DAYS_BETWEEN
    if interval_days <= YEAR_DAYS + 1:
        return "growing", ""
    if difference * YEAR_DAYS / interval_days > GROWTH_MM:
        return "growing", ""
    return None, GROWTH_IN_A_YEAR
