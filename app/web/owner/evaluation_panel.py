"""On the model's page: an evaluation that its owner ran, from the folder where it lies."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

import streamlit as st

from app.web.kept import keep_widget, remember_widget
from app.web.owner.evaluation_plots import froc_plot, size_plot
from app.web.owner.owner_plots import reliability_plot
from app.web.security.identity import allowed
from app.web.words import Words
from medical.errors import InputError
from medical.evaluation.intervals import rate_interval, share_interval
from medical.evaluation.result import Calibration, Evaluation, read_evaluation
from medical.plain_text import as_markdown
from models.zoo.card import ReliabilityRow

_KEY = "evaluation-folder"


def evaluation_panel(words: Words) -> None:
    """Ask for the folder and draw what it holds; only administrators get this."""
    st.subheader(words("evaluation"))
    keep_widget(_KEY, "")
    text = st.text_input(words("evaluation_folder"), key=_KEY).strip()
    remember_widget(_KEY)
    if not text:
        return
    allowed("name_folder")
    try:
        found = read_evaluation(Path(text))
    except InputError as error:
        st.error(as_markdown(str(error)))
        return
    st.html(evaluation_figures(found, words))
    st.caption(words("evaluation_note"))
    for warning in found.warnings:
        st.html(f'<div class="starlung-note warning">{html.escape(warning)}</div>')
    curve, sizes, reliability = st.columns(3, gap="large")
    with curve:
        _froc(found, words)
    with sizes:
        _sizes(found, words)
    with reliability:
        _reliability(found.calibration, words)


def evaluation_figures(found: Evaluation, words: Words) -> str:
    """Show the main figures, each with its interval and what it was counted on."""
    counts = words("figure_counts", nodules=found.nodules, scans=found.scans)
    cells = "".join(
        f'<div class="starlung-figure"><small>{html.escape(name)}</small><b>{value}</b>'
        f"<small>{interval}</small></div>"
        for name, value, interval in _cells(found, words)
    )
    return (
        f'<div class="starlung-note">{html.escape(counts)}</div>'
        f'<div class="starlung-figures">{cells}</div>'
    )


def reliability_rows(calibration: Calibration) -> list[ReliabilityRow]:
    """Bins that hold marks, with the exact interval of the share."""
    return [
        ReliabilityRow(
            mean_probability=row.mean_probability,
            share_nodules=row.share_nodules,
            share_ci95=share_interval(round(row.share_nodules * row.marks), row.marks),
            candidates=row.marks,
        )
        for row in calibration.reliability
        if row.marks and row.mean_probability is not None and row.share_nodules is not None
    ]


def _cells(found: Evaluation, words: Words) -> Iterator[tuple[str, str, str]]:
    """Name, value and interval; what has no interval is left out."""
    if found.cpm is not None and found.cpm_ci95 is not None:
        yield words("figure_cpm"), f"{found.cpm:.3f}", _between(found.cpm_ci95, "{:.3f}")
    at = found.operating_point
    if at is None:
        return
    threshold = f"{at.threshold:.3g}"
    if at.sensitivity is not None and found.nodules:
        ends = share_interval(round(at.sensitivity * found.nodules), found.nodules)
        name = words("figure_sensitivity", threshold=threshold)
        yield name, f"{at.sensitivity:.0%}", _between(ends, "{:.0%}")
    false = at.false_positives_per_scan
    ends = rate_interval(round(false * found.scans), found.scans)
    name = words("figure_false_positives", threshold=threshold)
    yield name, f"{false:.2f}", _between(ends, "{:.2f}")
    if at.unmarked_share is not None and at.unmarked_share_ci95 is not None:
        name = words("figure_unmarked", threshold=threshold)
        yield name, f"{at.unmarked_share:.0%}", _between(at.unmarked_share_ci95, "{:.0%}")


def _between(ends: tuple[float, float], form: str) -> str:
    return "–".join(form.format(end) for end in ends)


def _froc(found: Evaluation, words: Words) -> None:
    st.markdown(f"**{words('plot_froc')}**")
    if not found.nodules:
        st.caption(words("evaluation_empty"))
        return
    st.image(froc_plot(found, words))
    note = "plot_froc_note" if found.curve else "plot_froc_points"
    st.caption(words(note, nodules=found.nodules, scans=found.scans))


def _sizes(found: Evaluation, words: Words) -> None:
    st.markdown(f"**{words('plot_size')}**")
    if not any(one.nodules for one in found.size_bins):
        st.caption(words("evaluation_empty"))
        return
    st.image(size_plot(found.size_bins, words))
    st.caption(words("plot_size_note"))


def _reliability(calibration: Calibration | None, words: Words) -> None:
    st.markdown(f"**{words('plot_marks')}**")
    rows = reliability_rows(calibration) if calibration is not None else []
    if calibration is None or not rows:
        st.caption(words("plot_marks_none"))
        return
    st.image(reliability_plot(rows, words))
    error = f"{calibration.expected_calibration_error:.3f}"
    st.caption(words("plot_marks_note", error=error))
