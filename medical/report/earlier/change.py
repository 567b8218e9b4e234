"""What became of each nodule since an earlier CT that a reader laid beside this one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from medical.nodule.growth import REACH_MM, Growth, Interval, Registration, compare
from medical.review.reading import ReadFinding


@dataclass(frozen=True, slots=True)
class Followed:
    """A nodule by its number, with the model's measures."""

    id: int
    center_lps_mm: tuple[float, float, float]
    diameter_mm: float
    diameter_ci95: Interval
    volume_mm3: float
    volume_ci95: Interval
    location: str


@dataclass(frozen=True, slots=True)
class Place:
    """A nodule that a reader added and the model did not measure."""

    id: int
    center_lps_mm: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class EarlierCt:
    """The CT that was compared with.

    Args:
        study: its label.
        series_uid: which series.
        day: its date, ``YYYY-MM-DD``, or empty.
        same_patient: whether both headers carry the same patient ID.
        days: from then to now, > 0; ``None`` when they are not known.
        days_by_reader: whether a reader gave the days, since the images do not.
        model: name and version of what scored it, or empty.
    """

    study: str
    series_uid: str
    day: str
    same_patient: bool
    days: int | None
    days_by_reader: bool = False
    model: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSince:
    """Two CTs compared.

    Args:
        earlier: the other CT.
        correlation: correlation of the two once laid over each other.
        matched: nodules found in both, now and then, with the change; by the number now.
        new: without a partner in the earlier CT; nobody can tell from a nodule not found then.
        gone: of the earlier CT, without a partner now.
        unsized: numbers now and then of nodules in both, of which no change can be told since the
            model did not measure one of the two.
    """

    earlier: EarlierCt
    correlation: float
    matched: tuple[tuple[Followed, Followed, Growth], ...]
    new: tuple[Followed, ...]
    gone: tuple[Followed, ...]
    unsized: tuple[tuple[int, int], ...] = ()


def followed(findings: Iterable[ReadFinding]) -> list[Followed]:
    """List what a reader has not rejected and the model measured."""
    nodules = (_followed(finding) for finding in findings if finding.verdict != "rejected")
    return [nodule for nodule in nodules if nodule is not None]


def _followed(finding: ReadFinding) -> Followed | None:
    measured = finding.measured
    diameter, diameter_ci95 = measured.diameter_mm, measured.diameter_ci95
    volume, volume_ci95 = measured.volume_mm3, measured.volume_ci95
    if diameter is None or diameter_ci95 is None or volume is None or volume_ci95 is None:
        return None
    return Followed(
        finding.number,
        measured.center_lps_mm,
        diameter,
        diameter_ci95,
        volume,
        volume_ci95,
        finding.location,
    )


def unmeasured(findings: Iterable[ReadFinding]) -> list[Place]:
    """List what a reader has not rejected and the model did not measure."""
    return [
        Place(finding.number, finding.measured.center_lps_mm)
        for finding in findings
        if finding.verdict != "rejected" and finding.measured.diameter_mm is None
    ]


def change_since(
    earlier: EarlierCt,
    *,
    now: Sequence[Followed],
    then: Sequence[Followed],
    registration: Registration,
    places_now: Sequence[Place] = (),
    places_then: Sequence[Place] = (),
) -> ChangeSince:
    """Match the nodules of two CTs and tell how each changed.

    Args:
        earlier: the CT in which ``then`` were found.
        now: nodules of this CT.
        then: of the earlier one.
        registration: from this CT to the earlier.
        places_now: nodules of this CT that the model did not measure: nothing there is gone.
        places_then: of the earlier one: nothing there is new.

    Raises:
        ValueError: the days between the two are not positive.
    """
    by_number = ({nodule.id: nodule for nodule in now}, {nodule.id: nodule for nodule in then})
    growths = sorted(
        compare(now, then, registration, interval_days=earlier.days),
        key=lambda growth: growth.current_id,
    )
    seen_now = {growth.current_id for growth in growths}
    seen_then = {growth.prior_id for growth in growths}
    unsized = _at_one_place(
        [*(nodule for nodule in now if nodule.id not in seen_now), *places_now],
        [*(nodule for nodule in then if nodule.id not in seen_then), *places_then],
        registration,
    )
    seen_now |= {number for number, _ in unsized}
    seen_then |= {number for _, number in unsized}
    return ChangeSince(
        earlier,
        registration.correlation,
        tuple(
            (by_number[0][growth.current_id], by_number[1][growth.prior_id], growth)
            for growth in growths
        ),
        tuple(nodule for nodule in now if nodule.id not in seen_now),
        tuple(nodule for nodule in then if nodule.id not in seen_then),
        unsized,
    )


def _at_one_place(
    now: Sequence[Followed | Place], then: Sequence[Followed | Place], registration: Registration
) -> tuple[tuple[int, int], ...]:
    """Numbers of pairs of which the model measured one at most, the nearest first."""
    if not now or not then:
        return ()
    here = registration.to_prior([nodule.center_lps_mm for nodule in now])
    there = np.array([nodule.center_lps_mm for nodule in then])
    apart = np.linalg.norm(here[:, None] - there[None], axis=-1)
    pairs: dict[int, int] = {}
    for index in np.argsort(apart, axis=None):
        i, j = (int(k) for k in np.unravel_index(index, apart.shape))
        a, b = now[i], then[j]
        if apart[i, j] > REACH_MM or (isinstance(a, Followed) and isinstance(b, Followed)):
            continue
        if a.id not in pairs and b.id not in pairs.values():
            pairs[a.id] = b.id
    return tuple(sorted(pairs.items()))


def signed(value: float, *, digits: int = 0) -> str:
    """``+12``, with a real minus sign; what rounds to zero has no sign, for it has no direction."""
    text = f"{value:+.{digits}f}".replace("-", "−")
    return text if text.strip("+−0.") else text[1:]


def signed_percent(value: float) -> str:
    """``+12 %``, signed as :func:`signed` does."""
    return f"{signed(value)} %"
