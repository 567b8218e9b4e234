"""Findings as the reader sees them: every measurement with its 95 % interval, and the decision."""

from __future__ import annotations

from app.web.components.viewer.component import Cell, Column, Row, Table
from app.web.words import Words
from medical.detection.findings import Finding
from medical.store.reading import ReadFinding

_COLUMNS = (
    ("col_number", False),
    ("col_probability", True),
    ("col_slice", False),
    ("col_position", False),
    ("col_diameter", True),
    ("col_volume", True),
    ("col_density", False),
    ("col_location", False),
    ("col_decision", False),
)


def findings_table(findings: list[ReadFinding], words: Words) -> Table:
    """The table that stands below the images."""
    columns: list[Column] = [
        {"title": words(title), "note": words("interval_note") if interval else ""}
        for title, interval in _COLUMNS
    ]
    rows: list[Row] = [
        {"id": one.number, "verdict": one.verdict, "cells": _cells(one, words)} for one in findings
    ]
    return {"columns": columns, "rows": rows, "empty": words("negative")}


def millimetres(value: float) -> str:
    """One decimal and a real minus sign."""
    return f"{value:.1f}".replace("-", "−")


def probability_text(one: ReadFinding, words: Words) -> str:
    """The probability with its interval; for a reader's nodule, that it has none."""
    if not isinstance(one.measured, Finding):
        return words("by_reader")
    low, high = one.measured.probability_ci95
    return f"{one.measured.probability:.2f} ({low:.2f}–{high:.2f})"


def _cells(one: ReadFinding, words: Words) -> list[Cell]:
    measured = one.measured
    if isinstance(measured, Finding):
        probability = _measured(measured.probability, measured.probability_ci95, digits=2)
    else:
        probability = _plain(words("by_reader"))
    return [
        _plain(str(one.number)),
        probability,
        _plain(str(measured.slice_number)),
        _plain(", ".join(millimetres(v) for v in measured.center_lps_mm)),
        _diameter(one, words),
        _measured(measured.volume_mm3, measured.volume_ci95, digits=0),
        _plain(words(measured.density)),
        _plain(words.location(measured.location)),
        _decision(one, words),
    ]


def _diameter(one: ReadFinding, words: Words) -> Cell:
    by_hand = one.latest.diameter_mm if one.latest else None
    if by_hand is not None:
        return {"text": f"{by_hand:.1f}", "interval": words("by_hand")}
    return _measured(one.measured.diameter_mm, one.measured.diameter_ci95, digits=1)


def _decision(one: ReadFinding, words: Words) -> Cell:
    text = words(f"verdict_{one.verdict}")
    latest = one.latest
    if latest is None:
        return _plain(text)
    if latest.reason:
        text = f"{text}: {latest.reason}"
    return {"text": text, "interval": latest.actor}


def _plain(text: str) -> Cell:
    return {"text": text, "interval": ""}


def _measured(value: float, interval: tuple[float, float], *, digits: int) -> Cell:
    low, high = interval
    return {"text": f"{value:.{digits}f}", "interval": f"{low:.{digits}f}–{high:.{digits}f}"}
