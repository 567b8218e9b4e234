"""Findings as the reader sees them: every measurement with its 95 % interval, and the decision."""

from __future__ import annotations

from app.web.components.viewer.component import Cell, Column, Row, Table
from app.web.words import gettext, words
from medical.detection.findings import Finding
from medical.i18n.messages import Message, message
from medical.review.reading import ReadFinding
from medical.review.terms import DENSITIES, VERDICTS, probability_interval_text, rejection_reason
from medical.review.terms import probability_text as shown_probability

_COLUMNS: tuple[tuple[Message, bool], ...] = (
    (message("No."), False),
    (message("Probability"), True),
    (message("Slice"), False),
    (message("Position, LPS mm"), False),
    (message("Diameter, mm"), True),
    (message("Volume, mm³"), True),
    (message("Density"), False),
    (message("Location"), False),
    (message("Decision"), False),
)
"""Title, and whether an interval stands below the value."""


def findings_table(findings: list[ReadFinding]) -> Table:
    """Build the table that stands below the images."""
    columns: list[Column] = [
        {"title": words().translate(title), "note": gettext("95 % interval") if interval else ""}
        for title, interval in _COLUMNS
    ]
    rows: list[Row] = [
        {"id": one.number, "verdict": one.verdict, "cells": _cells(one)} for one in findings
    ]
    return {
        "columns": columns,
        "rows": rows,
        "empty": gettext(
            "No finding reaches the operating point. This does not rule out a nodule."
        ),
    }


def millimetres(value: float) -> str:
    """One decimal and a real minus sign."""
    return f"{value:.1f}".replace("-", "−")


def probability_text(one: ReadFinding) -> str:
    """Word the probability with its interval; for a reader's nodule, that it has none."""
    if not isinstance(one.measured, Finding):
        return gettext("added by a reader")
    interval = probability_interval_text(*one.measured.probability_ci95)
    return f"{shown_probability(one.measured.probability)} ({interval})"


def diameter_text(one: ReadFinding) -> tuple[str, str]:
    """Word the diameter that counts, and its interval or whose it is; a dash if unmeasured."""
    by_hand, interval = one.diameter_by_reader_mm, one.measured.diameter_ci95
    if by_hand is not None:
        return f"{by_hand:.1f}", gettext("by the reader")
    if one.measured.diameter_mm is None or interval is None:
        return "–", gettext("not measured")
    return _measured(one.measured.diameter_mm, interval, digits=1)


def volume_text(one: ReadFinding) -> tuple[str, str]:
    """Word the model's volume, marked as the model's where a reader measured the diameter."""
    volume, interval = one.measured.volume_mm3, one.measured.volume_ci95
    if volume is None or interval is None:
        return "–", gettext("not measured")
    text, ends = _measured(volume, interval, digits=0)
    return text, ends if one.diameter_by_reader_mm is None else gettext(
        "{ends}, the model's outline", ends=ends
    )


def density_text(one: ReadFinding) -> tuple[str, str]:
    """Word the density that counts, and whose it is."""
    if one.density is None:
        return "–", gettext("not measured")
    entered = one.assessment.density is not None
    whose = gettext("by the reader") if entered else gettext("by the model")
    return words().among(DENSITIES, one.density), whose


def _cells(one: ReadFinding) -> list[Cell]:
    measured = one.measured
    if isinstance(measured, Finding):
        interval = probability_interval_text(*measured.probability_ci95)
        probability: Cell = {
            "text": shown_probability(measured.probability),
            "interval": interval,
        }
    else:
        probability = _plain(gettext("added by a reader"))
    return [
        _plain(str(one.number)),
        probability,
        _plain(str(measured.slice_number)),
        _plain(", ".join(millimetres(v) for v in measured.center_lps_mm)),
        _cell(diameter_text(one)),
        _cell(volume_text(one)),
        _cell(density_text(one)),
        _plain(words().translate(measured.location)),
        _decision(one),
    ]


def _decision(one: ReadFinding) -> Cell:
    text = words().among(VERDICTS, one.verdict)
    latest = one.latest
    if latest is None:
        return _plain(text)
    if latest.reason:
        text = f"{text}: {rejection_reason(latest.reason, words())}"
    return {"text": text, "interval": latest.actor}


def _plain(text: str) -> Cell:
    return {"text": text, "interval": ""}


def _cell(texts: tuple[str, str]) -> Cell:
    return {"text": texts[0], "interval": texts[1]}


def _measured(value: float, interval: tuple[float, float], *, digits: int) -> tuple[str, str]:
    low, high = interval
    return f"{value:.{digits}f}", f"{low:.{digits}f}–{high:.{digits}f}"
