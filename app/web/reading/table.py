"""Findings as the reader sees them: every measurement with its 95 % interval, and the decision."""

from __future__ import annotations

from app.web.components.viewer.component import Cell, Column, Row, Table
from app.web.words import gettext, words
from medical.detection.findings import Finding
from medical.i18n.messages import Message, message
from medical.review.interval_text import interval_text, probability_interval_text
from medical.review.interval_text import probability_text as shown_probability
from medical.review.reading import ReadFinding
from medical.review.terms import DENSITIES, VERDICTS, rejection_reason

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
        {"id": finding.number, "verdict": finding.verdict, "cells": _cells(finding)}
        for finding in findings
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


def probability_text(finding: ReadFinding) -> str:
    """Word the probability with its interval; for a reader's nodule, that it has none."""
    if not isinstance(finding.measured, Finding):
        return gettext("added by a reader")
    interval = probability_interval_text(*finding.measured.probability_ci95)
    return f"{shown_probability(finding.measured.probability)} ({interval})"


def diameter_text(finding: ReadFinding) -> tuple[str, str]:
    """Word the diameter that counts, and its interval or whose it is; a dash if unmeasured."""
    by_hand, interval = finding.diameter_by_reader_mm, finding.measured.diameter_ci95
    if by_hand is not None:
        return f"{by_hand:.1f}", gettext("by the reader")
    if finding.measured.diameter_mm is None or interval is None:
        return "–", gettext("not measured")
    return _measured(finding.measured.diameter_mm, interval, digits=1)


def volume_text(finding: ReadFinding) -> tuple[str, str]:
    """Word the model's volume, marked as the model's where a reader measured the diameter."""
    volume, interval = finding.measured.volume_mm3, finding.measured.volume_ci95
    if volume is None or interval is None:
        return "–", gettext("not measured")
    text, ends = _measured(volume, interval, digits=0)
    return text, ends if finding.diameter_by_reader_mm is None else gettext(
        "{ends}, the model's outline", ends=ends
    )


def density_text(finding: ReadFinding) -> tuple[str, str]:
    """Word the density that counts, and whose it is."""
    if finding.density is None:
        return "–", gettext("not measured")
    entered = finding.assessment.density is not None
    whose = gettext("by the reader") if entered else gettext("by the model")
    return words().among(DENSITIES, finding.density), whose


def _cells(finding: ReadFinding) -> list[Cell]:
    measured = finding.measured
    if isinstance(measured, Finding):
        interval = probability_interval_text(*measured.probability_ci95)
        probability: Cell = {
            "text": shown_probability(measured.probability),
            "interval": f"({interval})",
        }
    else:
        probability = _plain(gettext("added by a reader"))
    return [
        _plain(str(finding.number)),
        probability,
        _plain(str(measured.slice_number)),
        _plain(", ".join(millimetres(v) for v in measured.center_lps_mm)),
        _figure(diameter_text(finding)),
        _figure(volume_text(finding)),
        _cell(density_text(finding)),
        _plain(words().translate(finding.location)),
        _decision(finding),
    ]


def _decision(finding: ReadFinding) -> Cell:
    text = words().among(VERDICTS, finding.verdict)
    latest = finding.latest
    if latest is None:
        return _plain(text)
    if latest.reason:
        text = f"{text}: {rejection_reason(latest.reason, words())}"
    return {"text": text, "interval": latest.actor}


def _plain(text: str) -> Cell:
    return {"text": text, "interval": ""}


def _cell(texts: tuple[str, str]) -> Cell:
    return {"text": texts[0], "interval": texts[1]}


def _figure(texts: tuple[str, str]) -> Cell:
    """Bracket the interval, or whose figure it is: else two figures stand in a row."""
    return {"text": texts[0], "interval": f"({texts[1]})"}


def _measured(value: float, interval: tuple[float, float], *, digits: int) -> tuple[str, str]:
    form = f".{digits}f"
    return format(value, form), interval_text(*interval, form)
