"""Findings as the reader sees them: every measurement with its 95 % interval, and the decision."""

from __future__ import annotations

from app.web.components.viewer.component import Cell, Column, Row, Table
from app.web.words import Words
from medical.detection.findings import Finding
from medical.report.numbers import probability_interval_text
from medical.report.numbers import probability_text as shown_probability
from medical.report.words.reasons import reason_in
from medical.review.reading import ReadFinding

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
    """Build the table that stands below the images."""
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
    """Word the probability with its interval; for a reader's nodule, that it has none."""
    if not isinstance(one.measured, Finding):
        return words("by_reader")
    interval = probability_interval_text(*one.measured.probability_ci95)
    return f"{shown_probability(one.measured.probability)} ({interval})"


def diameter_text(one: ReadFinding, words: Words) -> tuple[str, str]:
    """Word the diameter that counts, and its interval or whose it is; a dash if unmeasured."""
    by_hand, interval = one.diameter_by_reader_mm, one.measured.diameter_ci95
    if by_hand is not None:
        return f"{by_hand:.1f}", words("by_hand")
    if one.measured.diameter_mm is None or interval is None:
        return "–", words("not_measured")
    return _measured(one.measured.diameter_mm, interval, digits=1)


def volume_text(one: ReadFinding, words: Words) -> tuple[str, str]:
    """Word the model's volume, marked as the model's where a reader measured the diameter."""
    volume, interval = one.measured.volume_mm3, one.measured.volume_ci95
    if volume is None or interval is None:
        return "–", words("not_measured")
    text, ends = _measured(volume, interval, digits=0)
    return text, ends if one.diameter_by_reader_mm is None else words("volume_model", ends=ends)


def density_text(one: ReadFinding, words: Words) -> tuple[str, str]:
    """Word the density that counts, and whose it is."""
    if one.density is None:
        return "–", words("not_measured")
    entered = one.assessment.density is not None
    return words(one.density), words("density_reader" if entered else "density_model")


def _cells(one: ReadFinding, words: Words) -> list[Cell]:
    measured = one.measured
    if isinstance(measured, Finding):
        interval = probability_interval_text(*measured.probability_ci95)
        probability: Cell = {
            "text": shown_probability(measured.probability),
            "interval": interval,
        }
    else:
        probability = _plain(words("by_reader"))
    return [
        _plain(str(one.number)),
        probability,
        _plain(str(measured.slice_number)),
        _plain(", ".join(millimetres(v) for v in measured.center_lps_mm)),
        _cell(diameter_text(one, words)),
        _cell(volume_text(one, words)),
        _cell(density_text(one, words)),
        _plain(words.location(measured.location)),
        _decision(one, words),
    ]


def _decision(one: ReadFinding, words: Words) -> Cell:
    text = words(f"verdict_{one.verdict}")
    latest = one.latest
    if latest is None:
        return _plain(text)
    if latest.reason:
        text = f"{text}: {reason_in(latest.reason, chinese=words.language == 'zh')}"
    return {"text": text, "interval": latest.actor}


def _plain(text: str) -> Cell:
    return {"text": text, "interval": ""}


def _cell(texts: tuple[str, str]) -> Cell:
    return {"text": texts[0], "interval": texts[1]}


def _measured(value: float, interval: tuple[float, float], *, digits: int) -> tuple[str, str]:
    low, high = interval
    return f"{value:.{digits}f}", f"{low:.{digits}f}–{high:.{digits}f}"
