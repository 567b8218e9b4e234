"""The report as a table: one CSV line a finding."""

from __future__ import annotations

import csv
import io
from typing import Any

from medical.detection.findings import Finding
from medical.i18n.catalogue import Translator
from medical.plain_text import csv_cell
from medical.report.change.columns import change_cells, gone_cells
from medical.report.change.record import change_record
from medical.report.content import ReportContent
from medical.report.guideline_text import ruling_text
from medical.report.record import source_of
from medical.review.reading import ReadFinding
from medical.review.refusals import moment


def report_csv(content: ReportContent) -> str:
    """One line a finding, with the decision that holds; no text can start a formula.

    After a comparison with an earlier CT each line has the change too, and each earlier finding
    that is no longer seen has a line of its own, without a number in this CT.
    """
    rows = _with_guidelines(content, [_row(content, one) for one in content.findings])
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


def _row(content: ReportContent, one: ReadFinding) -> dict[str, Any]:
    measured, latest = one.measured, one.latest
    x, y, z = measured.center_lps_mm
    model = measured if isinstance(measured, Finding) else None
    by_hand = latest.diameter_mm if latest else None
    return {
        "study": content.study.label,
        "seriesuid": one.series_uid,
        "finding": one.number,
        "origin": one.origin,
        "coordX": x,
        "coordY": y,
        "coordZ": z,
        "slice": measured.slice_number,
        "probability": model.probability if model else "",
        "probability_low": model.probability_ci95[0] if model else "",
        "probability_high": model.probability_ci95[1] if model else "",
        "diameter_mm": _known(one.diameter_mm),
        **_ends("diameter", measured.diameter_ci95 if by_hand is None else None),
        "diameter_by": source_of(measured.diameter_mm, by_hand) or "",
        "volume_mm3": _known(measured.volume_mm3),
        **_ends("volume", measured.volume_ci95),
        "volume_by": source_of(measured.volume_mm3, None) or "",
        "density": _known(one.density),
        "density_by": source_of(measured.density, one.assessment.density) or "",
        "solid_diameter_mm": _known(one.assessment.solid_diameter_mm),
        "location": measured.location,
        "decision": one.verdict,
        "reason": latest.reason if latest else "",
        "comment": latest.comment if latest else "",
        "reader": latest.actor if latest else "",
        "decided": moment(latest.at) if latest else "",
    }


def _known(value: float | str | None) -> float | str:
    return "" if value is None else value


def _ends(name: str, interval: tuple[float, float] | None) -> dict[str, float | str]:
    low, high = interval or ("", "")
    return {f"{name}_low": low, f"{name}_high": high}


def _with_guidelines(content: ReportContent, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row with the guidelines on its finding; empty for a rejected mark."""
    labels, known = Translator("en"), {row.finding_id: row for row in content.guidelines.rows}

    def ruled(number: int) -> dict[str, str]:
        row = known.get(number)
        return {
            "lung_rads": ruling_text(row.lung_rads, labels) if row else "",
            "fleischner": ruling_text(row.fleischner, labels) if row else "",
        }

    return [{**row, **ruled(row["finding"])} for row in rows]
