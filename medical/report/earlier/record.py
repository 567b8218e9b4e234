"""The comparison with an earlier CT for other programs, typed."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from medical.nodule.growth import Change, Growth, Interval, Verdict
from medical.report.earlier.change import ChangeSince, Followed


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Size(_Record):
    """A size by the model, mm or mm³."""

    value: float
    ci95: Interval


class SizeChange(_Record):
    """One measure of one nodule in both CTs."""

    before: Size
    now: Size
    change_percent: float
    change_percent_ci95: Interval
    verdict: Verdict


class MatchedFinding(_Record):
    """A nodule found in both CTs."""

    finding: int
    earlier_finding: int
    apart_mm: float = Field(description="between the two once the CTs are laid over each other")
    diameter_mm: SizeChange
    volume_mm3: SizeChange
    volume_doubling_days: float | None = Field(
        description="negative: halving; null where days or a change beyond error are missing"
    )
    volume_doubling_days_ci95: Interval | None


class GoneFinding(_Record):
    """A finding of the earlier CT without a partner now."""

    earlier_finding: int
    location: str
    diameter_mm: Size
    volume_mm3: Size


class ChangeRecord(_Record):
    """The whole comparison."""

    earlier_study: str
    earlier_series_instance_uid: str
    earlier_date: str | None
    same_patient_id: bool
    interval_days: int | None
    interval_from: Literal["dates", "reader"] | None
    registration_correlation: float
    matched: list[MatchedFinding]
    new: list[int] = Field(description="findings without a partner in the earlier CT")
    no_longer_seen: list[GoneFinding]
    not_measured_in_both: list[tuple[int, int]] = Field(
        description="finding now, finding then: at one place, but no change can be told"
    )


def change_record(change: ChangeSince) -> ChangeRecord:
    """Return the comparison as the report's JSON holds it."""
    earlier = change.earlier
    source: Literal["dates", "reader"] = "reader" if earlier.days_by_reader else "dates"
    return ChangeRecord(
        earlier_study=earlier.study,
        earlier_series_instance_uid=earlier.series_uid,
        earlier_date=earlier.day or None,
        same_patient_id=earlier.same_patient,
        interval_days=earlier.days,
        interval_from=None if earlier.days is None else source,
        registration_correlation=change.correlation,
        matched=[_matched(*pair) for pair in change.matched],
        new=[nodule.id for nodule in change.new],
        no_longer_seen=[
            GoneFinding(
                earlier_finding=nodule.id,
                location=nodule.location,
                diameter_mm=Size(value=nodule.diameter_mm, ci95=nodule.diameter_ci95),
                volume_mm3=Size(value=nodule.volume_mm3, ci95=nodule.volume_ci95),
            )
            for nodule in change.gone
        ],
        not_measured_in_both=list(change.unsized),
    )


def _matched(now: Followed, then: Followed, growth: Growth) -> MatchedFinding:
    # without an interval the doubling time has no bound, and must not be given
    days, days_ci95 = growth.doubling_days, growth.doubling_days_ci95
    return MatchedFinding(
        finding=now.id,
        earlier_finding=then.id,
        apart_mm=round(growth.apart_mm, 2),
        diameter_mm=_change(
            Size(value=then.diameter_mm, ci95=then.diameter_ci95),
            Size(value=now.diameter_mm, ci95=now.diameter_ci95),
            growth.diameter,
        ),
        volume_mm3=_change(
            Size(value=then.volume_mm3, ci95=then.volume_ci95),
            Size(value=now.volume_mm3, ci95=now.volume_ci95),
            growth.volume,
        ),
        volume_doubling_days=None if days is None or days_ci95 is None else round(days, 1),
        volume_doubling_days_ci95=None if days_ci95 is None else _rounded(days_ci95),
    )


def _change(before: Size, now: Size, change: Change) -> SizeChange:
    low, high = change.ratio_ci95
    return SizeChange(
        before=before,
        now=now,
        change_percent=round(change.percent, 1),
        change_percent_ci95=_rounded(((low - 1) * 100, (high - 1) * 100)),
        verdict=change.verdict,
    )


def _rounded(interval: Interval) -> Interval:
    return round(interval[0], 1), round(interval[1], 1)
