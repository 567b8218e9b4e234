"""The report for other programs: one CSV line a finding, or JSON with every decision."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from medical.detection.findings import Finding
from medical.plain_text import csv_cell
from medical.report.change_columns import change_cells, gone_cells
from medical.report.change_record import change_record
from medical.report.content import ReportContent
from medical.store.reading import ReadFinding
from medical.store.refusals import moment


def report_csv(content: ReportContent) -> str:
    """One line a finding, with the decision that holds; no text can start a formula.

    After a comparison with an earlier CT each line has the change too, and each earlier finding
    that is no longer seen has a line of its own, without a number in this CT.
    """
    rows = [_row(content, one) for one in content.findings]
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


def report_json(content: ReportContent) -> str:
    """Everything: measures, and all decisions from the first to the latest."""
    study = content.study
    signed = moment(study.signed_at) if study.signed_at is not None else None
    record = {
        "schema": "starlung.report/1",
        "research_use_only": True,
        "study": study.label,
        "study_instance_uid": content.scored.study_instance_uid,
        "series_instance_uid": content.scored.series_instance_uid,
        "frame_of_reference_uid": content.scored.frame_of_reference_uid,
        "model": content.scored.model.model_dump(),
        "operating_point": content.scored.operating_point,
        "status": study.status,
        "signed_by": study.signed_by or None,
        "signed_at": signed,
        "findings": [_full(one) for one in content.findings],
        "change": change_record(content.change).model_dump() if content.change else None,
    }
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


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
        "diameter_mm": one.diameter_mm,
        "diameter_low": "" if by_hand is not None else measured.diameter_ci95[0],
        "diameter_high": "" if by_hand is not None else measured.diameter_ci95[1],
        "diameter_by": "model" if by_hand is None else "reader",
        "volume_mm3": measured.volume_mm3,
        "volume_low": measured.volume_ci95[0],
        "volume_high": measured.volume_ci95[1],
        "density": measured.density,
        "location": measured.location,
        "decision": one.verdict,
        "reason": latest.reason if latest else "",
        "comment": latest.comment if latest else "",
        "reader": latest.actor if latest else "",
        "decided": moment(latest.at) if latest else "",
    }


def _full(one: ReadFinding) -> dict[str, Any]:
    return {
        "number": one.number,
        "origin": one.origin,
        "measured": one.measured.model_dump(),
        "decision": one.verdict,
        "diameter_mm": one.diameter_mm,
        "decisions": [
            {
                "verdict": decision.verdict,
                "reason": decision.reason,
                "comment": decision.comment,
                "diameter_mm": decision.diameter_mm,
                "reader": decision.actor,
                "at": moment(decision.at),
            }
            for decision in one.decisions
        ],
    }
