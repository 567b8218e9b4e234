"""The report for other programs: one CSV line a finding, or JSON with every decision."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from typing import Any

from medical.detection.findings import Finding
from medical.nodule.guidelines.assessment import Assessment
from medical.plain_text import csv_cell
from medical.program import program_version
from medical.report.change.columns import change_cells, gone_cells
from medical.report.change.record import change_record
from medical.report.content import ReportContent
from medical.report.guideline_text import examination_line, ruling_text
from medical.report.words.labels import Labels
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


def report_json(content: ReportContent) -> str:
    """Everything: measures, and all decisions from the first to the latest."""
    study, searched = content.study, content.scored.searched
    scored_by = content.scored.program
    signed = moment(study.signed_at) if study.signed_at is not None else None
    record = {
        "schema": "starlung.report/1",
        "research_use_only": True,
        "program": {"version": program_version()},
        "scored_by_program": scored_by.model_dump() if scored_by is not None else None,
        "study": study.label,
        "study_instance_uid": content.scored.study_instance_uid,
        "series_instance_uid": content.scored.series_instance_uid,
        "frame_of_reference_uid": content.scored.frame_of_reference_uid,
        "model": content.scored.model.model_dump(),
        "operating_point": content.scored.operating_point,
        "negative": content.scored.negative,
        "searched": searched.model_dump() if searched is not None else None,
        "quality": [asdict(note) for note in content.scored.quality],
        "status": study.status,
        "signed_by": study.signed_by or None,
        "signed_at": signed,
        "examination": _examination(content),
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
        "diameter_mm": _known(one.diameter_mm),
        **_ends("diameter", measured.diameter_ci95 if by_hand is None else None),
        "diameter_by": _source(measured.diameter_mm, by_hand),
        "volume_mm3": _known(measured.volume_mm3),
        **_ends("volume", measured.volume_ci95),
        "volume_by": _source(measured.volume_mm3, None),
        "density": _known(one.density),
        "density_by": _source(measured.density, one.assessment.density),
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


def _source(by_model: object, by_reader: object) -> str:
    if by_reader is not None:
        return "reader"
    return "" if by_model is None else "model"


def _with_guidelines(content: ReportContent, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each row with the guidelines on its finding; empty for a rejected mark."""
    labels, known = Labels("en"), {row.finding_id: row for row in content.guidelines.rows}

    def ruled(number: int) -> dict[str, str]:
        row = known.get(number)
        return {
            "lung_rads": ruling_text(row.lung_rads, labels) if row else "",
            "fleischner": ruling_text(row.fleischner, labels) if row else "",
        }

    return [{**row, **ruled(row["finding"])} for row in rows]


def _examination(content: ReportContent) -> dict[str, Any]:
    """Return what was entered, what the header says, and what the guidelines make of it."""
    labels, found = Labels("en"), content.guidelines
    return {
        "entered": content.examination.model_dump(),
        "header": content.header.model_dump(),
        "lung_rads": examination_line(found.examination, content.examination, labels),
        "nodules": [
            {
                "finding": row.finding_id,
                "lung_rads": ruling_text(row.lung_rads, labels),
                "fleischner": ruling_text(row.fleischner, labels),
                "density_by": row.density_by,
            }
            for row in found.rows
        ],
        "density_validated_on_real_nodules": False,
    }


def _full(one: ReadFinding) -> dict[str, Any]:
    return {
        "number": one.number,
        "origin": one.origin,
        "measured": one.measured.model_dump(),
        "decision": one.verdict,
        "diameter_mm": one.diameter_mm,
        "diameter_by": _source(one.measured.diameter_mm, one.diameter_by_reader_mm) or None,
        "volume_by": _source(one.measured.volume_mm3, None) or None,
        "density": one.density,
        "density_by": _source(one.measured.density, one.assessment.density) or None,
        "decisions": [
            {
                "verdict": decision.verdict,
                "reason": decision.reason,
                "comment": decision.comment,
                "diameter_mm": decision.diameter_mm,
                "assessment": Assessment.from_json(decision.assessment or "").model_dump(),
                "reader": decision.actor,
                "at": moment(decision.at),
            }
            for decision in one.decisions
        ],
    }
