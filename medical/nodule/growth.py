"""Change of a nodule between two CTs, with its interval, and the time in which it doubles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from medical.nodule.guidelines.rules import require_positive

Interval = tuple[float, float]
Verdict = Literal["grown", "shrunk", "not distinguishable from measurement error"]
INDISTINGUISHABLE: Final = "not distinguishable from measurement error"


@dataclass(frozen=True, slots=True)
class Measured:
    """A size with its 95 % interval, in mm or mm³.

    Raises:
        ValueError: a number is not positive, or the value lies outside its interval.
    """

    value: float
    ci95: Interval

    def __post_init__(self) -> None:
        low, high = self.ci95
        require_positive(value=self.value, low=low, high=high)
        if not low <= self.value <= high:
            raise ValueError(f"{self.value} lies outside its interval {self.ci95}")


@dataclass(frozen=True, slots=True)
class Change:
    """Ratio after / before with its 95 % interval.

    Args:
        ratio: 1 is no change.
        verdict: ``grown``, ``shrunk`` or `INDISTINGUISHABLE`.
    """

    difference: float
    ratio: float
    ratio_ci95: Interval
    verdict: Verdict

    @property
    def percent(self) -> float:
        """Change in per cent of the earlier size."""
        return (self.ratio - 1) * 100


def change(before: Measured, after: Measured) -> Change:
    """Compare two measures of one nodule, taken independently.

    The interval of the ratio comes from the two intervals by the method of variance estimates
    recovery on the logarithm, which keeps their asymmetry. Where it holds 1, the change cannot be
    told from the error of measuring.

    Source:
        Zou and Donner, Statistics in Medicine 2008;27:1693-1702.
    """
    log_ratio = math.log(after.value / before.value)
    down = math.hypot(_below(after), _above(before))
    up = math.hypot(_above(after), _below(before))
    low, high = math.exp(log_ratio - down), math.exp(log_ratio + up)
    verdict: Verdict
    if low > 1:
        verdict = "grown"
    elif high < 1:
        verdict = "shrunk"
    else:
        verdict = INDISTINGUISHABLE
    return Change(after.value - before.value, math.exp(log_ratio), (low, high), verdict)


def volume_doubling_time(
    volume_before_mm3: float, volume_after_mm3: float, *, interval_days: float
) -> float:
    """Days in which a nodule doubles its volume, assuming exponential growth.

    Negative when the nodule shrinks, ``inf`` when it does not change.

    Args:
        volume_before_mm3: volume on the earlier CT, > 0.
        volume_after_mm3: volume on the later CT, > 0.
        interval_days: days between the two CTs, > 0.

    Raises:
        ValueError: a volume or the interval is not positive; the message names it and its value.

    Source:
        Bankier et al. (Fleischner Society), Radiology 2017;285:584-600.
    """
    require_positive(
        volume_before_mm3=volume_before_mm3,
        volume_after_mm3=volume_after_mm3,
        interval_days=interval_days,
    )
    growth = math.log(volume_after_mm3 / volume_before_mm3)
    return math.inf if growth == 0 else interval_days * math.log(2) / growth


def doubling_time_ci95(
    before: Measured, after: Measured, *, interval_days: float
) -> Interval | None:
    """Shortest and longest doubling time within the interval of the change, in days.

    Both are negative for a nodule that shrank (halving times).

    Returns:
        ``None`` where the change is not distinguishable from measurement error: the doubling
        time then has no bound.
    """
    found = change(before, after)
    if found.verdict == INDISTINGUISHABLE:
        return None
    low, high = (
        volume_doubling_time(1.0, ratio, interval_days=interval_days) for ratio in found.ratio_ci95
    )
    return min(low, high), max(low, high)


def _below(size: Measured) -> float:
    return math.log(size.value / size.ci95[0])


def _above(size: Measured) -> float:
    return math.log(size.ci95[1] / size.value)
