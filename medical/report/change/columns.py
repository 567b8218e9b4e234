"""The comparison with an earlier CT as columns of the report's CSV."""

from __future__ import annotations

from typing import Any

from medical.report.change.record import ChangeRecord, Size, SizeChange

_COLUMNS = (
    "prior_finding",
    "prior_diameter_mm",
    "prior_diameter_low",
    "prior_diameter_high",
    "model_diameter_mm",
    "model_diameter_low",
    "model_diameter_high",
    "diameter_change_percent",
    "diameter_change_low",
    "diameter_change_high",
    "diameter_change",
    "prior_volume_mm3",
    "prior_volume_low",
    "prior_volume_high",
    "volume_change_percent",
    "volume_change_low",
    "volume_change_high",
    "volume_change",
    "volume_doubling_days",
    "volume_doubling_days_low",
    "volume_doubling_days_high",
)


def change_cells(record: ChangeRecord, finding: int) -> dict[str, Any]:
    """Return the CSV's columns for a finding of this CT; empty cells if it was rejected."""
    one = next((pair for pair in record.matched if pair.finding == finding), None)
    there = dict(record.not_measured_in_both).get(finding)
    if there is not None:
        return _cells(record, "not measured in both", prior_finding=there)
    if one is None:
        return _cells(record, "new") if finding in record.new else _cells(record, "")
    days = one.volume_doubling_days_ci95 or ("", "")
    return _cells(
        record,
        "matched",
        prior_finding=one.earlier_finding,
        **_size_cells("prior_diameter", one.diameter_mm.before, unit="_mm"),
        **_size_cells("model_diameter", one.diameter_mm.now, unit="_mm"),
        **_change_cells("diameter", one.diameter_mm),
        **_size_cells("prior_volume", one.volume_mm3.before, unit="_mm3"),
        **_change_cells("volume", one.volume_mm3),
        volume_doubling_days="" if one.volume_doubling_days is None else one.volume_doubling_days,
        volume_doubling_days_low=days[0],
        volume_doubling_days_high=days[1],
    )


def gone_cells(record: ChangeRecord) -> list[dict[str, Any]]:
    """Return the CSV's columns for each earlier finding without a partner now."""
    return [
        _cells(
            record,
            "no longer seen",
            prior_finding=one.earlier_finding,
            **_size_cells("prior_diameter", one.diameter_mm, unit="_mm"),
            **_size_cells("prior_volume", one.volume_mm3, unit="_mm3"),
        )
        for one in record.no_longer_seen
    ]


def _cells(record: ChangeRecord, match: str, **known: Any) -> dict[str, Any]:
    """All columns, in order; what is not known stays empty."""
    return {
        "prior_study": record.earlier_study,
        "prior_date": record.earlier_date or "",
        "interval_days": "" if record.interval_days is None else record.interval_days,
        "match": match,
        **{name: known.get(name, "") for name in _COLUMNS},
    }


def _size_cells(name: str, size: Size, *, unit: str) -> dict[str, float]:
    return {f"{name}{unit}": size.value, f"{name}_low": size.ci95[0], f"{name}_high": size.ci95[1]}


def _change_cells(name: str, change: SizeChange) -> dict[str, float | str]:
    low, high = change.change_percent_ci95
    return {
        f"{name}_change_percent": change.change_percent,
        f"{name}_change_low": low,
        f"{name}_change_high": high,
        f"{name}_change": change.verdict,
    }
