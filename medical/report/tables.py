"""The report as CSV: one line a finding, with its change since an earlier CT."""

from __future__ import annotations

import csv
import io
from typing import Any

from medical.detection.findings import Finding, Malignancy
from medical.i18n.catalogue import Translator
from medical.i18n.moments import Moment
from medical.plain_text import csv_cell
from medical.report.content import ReportContent
from medical.report.earlier.record import ChangeRecord, Size, SizeChange, change_record
from medical.report.guidelines import ruling_text
from medical.report.record import source_of
from medical.review.reading import ReadFinding

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
    matched = next((pair for pair in record.matched if pair.finding == finding), None)
    there = dict(record.not_measured_in_both).get(finding)
    if there is not None:
        return _cells(record, "not measured in both", prior_finding=there)
    if matched is None:
        return _cells(record, "new") if finding in record.new else _cells(record, "")
    days = matched.volume_doubling_days_ci95 or ("", "")
    return _cells(
        record,
        "matched",
        prior_finding=matched.earlier_finding,
        **_size_cells("prior_diameter", matched.diameter_mm.before, unit="_mm"),
        **_size_cells("model_diameter", matched.diameter_mm.now, unit="_mm"),
        **_change_cells("diameter", matched.diameter_mm),
        **_size_cells("prior_volume", matched.volume_mm3.before, unit="_mm3"),
        **_change_cells("volume", matched.volume_mm3),
        volume_doubling_days=""
        if matched.volume_doubling_days is None
        else matched.volume_doubling_days,
        volume_doubling_days_low=days[0],
        volume_doubling_days_high=days[1],
    )


def gone_cells(record: ChangeRecord) -> list[dict[str, Any]]:
    """Return the CSV's columns for each earlier finding without a partner now."""
    return [
        _cells(
            record,
            "no longer seen",
            prior_finding=entry.earlier_finding,
            **_size_cells("prior_diameter", entry.diameter_mm, unit="_mm"),
            **_size_cells("prior_volume", entry.volume_mm3, unit="_mm3"),
        )
        for entry in record.no_longer_seen
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


def report_csv(content: ReportContent) -> str:
    """One line a finding, with the decision that holds; no text can start a formula.

    After a comparison with an earlier CT each line has the change too, and each earlier finding
    that is no longer seen has a line of its own, without a number in this CT.
    """
    rows = _with_guidelines(content, [_row(content, finding) for finding in content.findings])
    if content.change is not None:
        record = change_record(content.change)
        rows = [{**row, **change_cells(record, row["finding"])} for row in rows]
        place = {"study": content.study.label, "seriesuid": content.scored.series_instance_uid}
        rows += [{**place, **cells} for cells in gone_cells(record)]
    names = list(rows[0]) if rows else ["study", "seriesuid", "finding"]
    target = io.StringIO(newline="")
    writer = csv.DictWriter(target, names)
    writer.writeheader()
    writer.writerows({name: csv_cell(value) for name, value in row.items()} for row in rows)
    return target.getvalue()


def _row(content: ReportContent, finding: ReadFinding) -> dict[str, Any]:
    measured, latest = finding.measured, finding.latest
    x, y, z = measured.center_lps_mm
    model = measured if isinstance(measured, Finding) else None
    by_hand = latest.diameter_mm if latest else None
    return {
        "study": content.study.label,
        "seriesuid": finding.series_uid,
        "finding": finding.number,
        "origin": finding.origin,
        "coordX": x,
        "coordY": y,
        "coordZ": z,
        "slice": measured.slice_number,
        "probability": model.probability if model else "",
        "probability_low": model.probability_ci95[0] if model else "",
        "probability_high": model.probability_ci95[1] if model else "",
        **_malignancy("malignancy", model.malignancy if model else None),
        **_malignancy("malignancy_typed", _with_typed(content, model)),
        "malignancy_taught_on": _taught_on(content) if model and model.malignancy else "",
        "context_typed_by": content.typed.reader if content.typed else "",
        "diameter_mm": _known(finding.diameter_mm),
        **_ends("diameter", measured.diameter_ci95 if by_hand is None else None),
        "diameter_by": source_of(measured.diameter_mm, by_hand) or "",
        "volume_mm3": _known(measured.volume_mm3),
        **_ends("volume", measured.volume_ci95),
        "volume_by": source_of(measured.volume_mm3, None) or "",
        "density": _known(finding.density),
        "density_by": source_of(measured.density, finding.assessment.density) or "",
        "solid_diameter_mm": _known(finding.assessment.solid_diameter_mm),
        "location": finding.location,
        "decision": finding.verdict,
        "reason": latest.reason if latest else "",
        "comment": latest.comment if latest else "",
        "reader": latest.actor if latest else "",
        "decided": Moment.of(latest.at) if latest else "",
    }


def _malignancy(name: str, malignancy: Malignancy | None) -> dict[str, float | str]:
    """Return the rating that radiologists would give, 0 to 1, and what it rests on."""
    return {
        name: malignancy.risk if malignancy else "",
        **_ends(name, malignancy.ci95 if malignancy else None),
        f"{name}_image_weight": malignancy.image_weight if malignancy else "",
        f"{name}_text_weight": malignancy.text_weight if malignancy else "",
    }


def _taught_on(content: ReportContent) -> str:
    rates = content.scored.malignancy_model
    return "ratings, then outcomes" if rates is not None and rates.outcomes else "ratings"


def _with_typed(content: ReportContent, model: Finding | None) -> Malignancy | None:
    return content.typed.of(model.id) if content.typed and model else None


def _known(value: float | str | None) -> float | str:
    return "" if value is None else value


def _ends(name: str, interval: tuple[float, float] | None) -> dict[str, float | str]:
    low, high = interval or ("", "")
    return {f"{name}_low": low, f"{name}_high": high}


def _with_guidelines(content: ReportContent, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row with the guidelines on its finding; empty for a rejected finding."""
    labels, known = Translator("en"), {row.finding_id: row for row in content.guidelines.rows}

    def ruled(number: int) -> dict[str, str]:
        row = known.get(number)
        return {
            "lung_rads": ruling_text(row.lung_rads, labels) if row else "",
            "fleischner": ruling_text(row.fleischner, labels) if row else "",
        }

    return [{**row, **ruled(row["finding"])} for row in rows]
