"""Findings as the reader sees them: every measurement with its 95 % interval."""

from __future__ import annotations

from app.web.components.viewer.component import Cell, Column, Row, Table
from app.web.words import Words
from medical.detection.findings import Finding, SeriesFindings

_COLUMNS = (
    ("col_number", False),
    ("col_probability", True),
    ("col_slice", False),
    ("col_position", False),
    ("col_diameter", True),
    ("col_volume", True),
    ("col_density", False),
    ("col_location", False),
)


def findings_table(findings: SeriesFindings, words: Words) -> Table:
    """The table that stands below the images."""
    columns: list[Column] = [
        {"title": words(title), "note": words("interval_note") if interval else ""}
        for title, interval in _COLUMNS
    ]
    rows: list[Row] = [
        {"id": finding.id, "cells": _cells(finding, words)} for finding in findings.findings
    ]
    return {"columns": columns, "rows": rows, "empty": words("negative")}


def millimetres(value: float) -> str:
    """One decimal and a real minus sign."""
    return f"{value:.1f}".replace("-", "−")


def _cells(finding: Finding, words: Words) -> list[Cell]:
    return [
        _plain(str(finding.id)),
        _measured(finding.probability, finding.probability_ci95, digits=2),
        _plain(str(finding.slice_number)),
        _plain(", ".join(millimetres(v) for v in finding.center_lps_mm)),
        _measured(finding.diameter_mm, finding.diameter_ci95, digits=1),
        _measured(finding.volume_mm3, finding.volume_ci95, digits=0),
        _plain(words(finding.density)),
        _plain(words.location(finding.location)),
    ]


def _plain(text: str) -> Cell:
    return {"text": text, "interval": ""}


def _measured(value: float, interval: tuple[float, float], *, digits: int) -> Cell:
    low, high = interval
    return {"text": f"{value:.{digits}f}", "interval": f"{low:.{digits}f}–{high:.{digits}f}"}
