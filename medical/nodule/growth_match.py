"""Which nodule of an earlier CT is which finding of this one, and how each changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from scipy.optimize import linear_sum_assignment

from medical.nodule.growth import (
    Change,
    Interval,
    Measured,
    change,
    doubling_time_ci95,
    volume_doubling_time,
)
from medical.nodule.guidelines.rules import require_positive
from medical.nodule.registration import Registration

REACH_MM = 12.0
"""What an affine map may leave between two sights of one nodule: breath and pose."""


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
    here = registration.to_prior([one.center_lps_mm for one in current])
    there = np.array([one.center_lps_mm for one in prior])
    apart = np.linalg.norm(here[:, None] - there[None], axis=-1)
    reach = np.array(
        [[max(REACH_MM, a.diameter_mm / 2, b.diameter_mm / 2) for b in prior] for a in current]
    )
    # a pair out of reach costs more than any number of pairs within
    cost = np.where(apart <= reach, apart, 1e6)
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
