"""Which nodule of an earlier CT is which finding of this one, how each changed, and how fast.

A change has its interval; without a change beyond measurement error there is no doubling time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeVar

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike, NDArray

from medical.nodule.guidelines.rules import require_positive


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """A map from this CT to the earlier one.

    Args:
        affine_lps_mm: 4x4, takes (x, y, z, 1) of this CT to that of the earlier, LPS millimetres.
        correlation: correlation of the two CTs once laid over each other, 1 at best.
    """

    affine_lps_mm: NDArray[np.float64]
    correlation: float

    def to_prior(self, points_lps_mm: ArrayLike) -> Float[np.ndarray, "*n 3"]:
        """Points ``[..., 3]`` of this CT to where they lie in the earlier one."""
        points = np.asarray(points_lps_mm, dtype=np.float64)
        return points @ self.affine_lps_mm[:3, :3].T + self.affine_lps_mm[:3, 3]


Interval = tuple[float, float]
Verdict = Literal["grown", "shrunk", "not distinguishable from measurement error"]
INDISTINGUISHABLE: Final = "not distinguishable from measurement error"
REACH_MM = 12.0
"""What an affine map may leave between two sights of one nodule: breath and pose."""


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
    volume_change = change(before, after)
    if volume_change.verdict == INDISTINGUISHABLE:
        return None
    low, high = (
        volume_doubling_time(1.0, ratio, interval_days=interval_days)
        for ratio in volume_change.ratio_ci95
    )
    return min(low, high), max(low, high)


def _below(size: Measured) -> float:
    return math.log(size.value / size.ci95[0])


def _above(size: Measured) -> float:
    return math.log(size.ci95[1] / size.value)


class Sized(Protocol):
    """What must be known of a nodule to follow it; a ``Finding`` is one."""

    @property
    def id(self) -> int:
        """Its number in its CT."""

    @property
    def center_lps_mm(self) -> tuple[float, float, float]:
        """Its centre, LPS millimetres."""

    @property
    def diameter_mm(self) -> float:
        """Mean diameter."""

    @property
    def diameter_ci95(self) -> Interval:
        """Its 95 % interval."""

    @property
    def volume_mm3(self) -> float:
        """Volume of its mask."""

    @property
    def volume_ci95(self) -> Interval:
        """Its 95 % interval."""


Nodule = TypeVar("Nodule", bound=Sized)


@dataclass(frozen=True, slots=True)
class Growth:
    """One nodule seen twice.

    Args:
        current_id: of the finding in this CT.
        prior_id: of the finding in the earlier CT.
        apart_mm: between the two once laid over each other.
        diameter: change of the mean diameter.
        volume: change of the volume.
        doubling_days: volume doubling time; negative when it shrank, ``inf`` when unchanged,
            ``None`` when the days between the CTs are not known.
        doubling_days_ci95: ``None`` where the change is not distinguishable from measurement
            error: the doubling time then has no bound and must not be shown.
    """

    current_id: int
    prior_id: int
    apart_mm: float
    diameter: Change
    volume: Change
    doubling_days: float | None
    doubling_days_ci95: Interval | None


def match(
    current: Sequence[Nodule], prior: Sequence[Nodule], registration: Registration
) -> list[tuple[Nodule, Nodule, float]]:
    """Pairs of one nodule and the millimetres between them; each finding is used at most once.

    The pairs with the least sum of distances among those not farther apart than ``REACH_MM``, or
    the radius of the larger one where that is more. What has no partner is new, gone or was not
    found.
    """
    if not current or not prior:
        return []
    here = registration.to_prior([finding.center_lps_mm for finding in current])
    there = np.array([finding.center_lps_mm for finding in prior])
    apart = np.linalg.norm(here[:, None] - there[None], axis=-1)
    reach = np.array(
        [[max(REACH_MM, a.diameter_mm / 2, b.diameter_mm / 2) for b in prior] for a in current]
    )
    # a pair out of reach costs more than any number of pairs within
    cost = np.where(apart <= reach, apart, 1e6)
    from scipy.optimize import (
        linear_sum_assignment,  # a second that whoever only reads need not wait
    )

    rows, columns = linear_sum_assignment(cost)
    return [
        (current[i], prior[j], float(apart[i, j]))
        for i, j in zip(rows, columns, strict=True)
        if apart[i, j] <= reach[i, j]
    ]


def compare(
    current: Sequence[Sized],
    prior: Sequence[Sized],
    registration: Registration,
    *,
    interval_days: float | None,
) -> list[Growth]:
    """Change of every nodule that is found in both CTs.

    Args:
        current: findings of this CT.
        prior: findings of the earlier one.
        registration: from this CT to the earlier.
        interval_days: between the two, > 0; ``None`` when it is not known.

    Raises:
        ValueError: the interval is not positive.
    """
    if interval_days is not None:
        require_positive(interval_days=interval_days)
    return [
        _growth(now, then, apart, interval_days)
        for now, then, apart in match(current, prior, registration)
    ]


def _growth(now: Sized, then: Sized, apart_mm: float, interval_days: float | None) -> Growth:
    before = Measured(then.volume_mm3, then.volume_ci95)
    after = Measured(now.volume_mm3, now.volume_ci95)
    days = days_ci95 = None
    if interval_days is not None:
        days = volume_doubling_time(before.value, after.value, interval_days=interval_days)
        days_ci95 = doubling_time_ci95(before, after, interval_days=interval_days)
    return Growth(
        current_id=now.id,
        prior_id=then.id,
        apart_mm=apart_mm,
        diameter=change(
            Measured(then.diameter_mm, then.diameter_ci95),
            Measured(now.diameter_mm, now.diameter_ci95),
        ),
        volume=change(before, after),
        doubling_days=days,
        doubling_days_ci95=days_ci95,
    )
