"""On the model's page: an evaluation that its owner ran, from the folder where it lies."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

import streamlit as st

from app.web.failures import error_text
from app.web.security.identity import allowed
from app.web.session import keep_widget, remember_widget
from app.web.views.plots import THIRD, froc_plot, reliability_plot, show_plot, size_plot
from app.web.words import gettext, ngettext
from medical.errors import InputError
from medical.evaluation.intervals import rate_interval, share_interval
from medical.evaluation.result import Calibration, Evaluation, read_evaluation
from medical.plain_text import as_markdown
from medical.review.interval_text import interval_text
from models.zoo.card import ReliabilityRow

_KEY = "evaluation-folder"


def evaluation_panel() -> None:
    """Ask for the folder and draw what it holds; only administrators get this."""
    st.subheader(gettext("Evaluation"))
    keep_widget(_KEY, "")
    text = st.text_input(
        gettext("Folder on this machine that `starlung evaluate --out` wrote"), key=_KEY
    ).strip()
    remember_widget(_KEY)
    if not text:
        return
    allowed("name_folder")
    try:
        evaluation = read_evaluation(Path(text))
    except InputError as error:
        st.error(as_markdown(error_text(error)))
        return
    st.html(evaluation_figures(evaluation))
    st.caption(
        gettext(
            "Based on evaluation.json, which does not record the model or the scans: "
            "ask whoever ran the evaluation."
        )
    )
    for warning in evaluation.warnings:
        st.html(f'<div class="starlung-note warning">{html.escape(warning)}</div>')
    curve, sizes, reliability = st.columns(3, gap="large")
    with curve:
        _froc(evaluation)
    with sizes:
        _sizes(evaluation)
    with reliability:
        _reliability(evaluation.calibration)


def evaluation_figures(evaluation: Evaluation) -> str:
    """Show the main figures, each with its interval and what it was counted on."""
    counts = gettext(
        "{nodules}, {scans}; below each figure its 95 % interval", **_counts(evaluation)
    )
    cells = "".join(
        f'<div class="starlung-figure"><small>{html.escape(name)}</small><b>{value}</b>'
        f"<small>{interval}</small></div>"
        for name, value, interval in _cells(evaluation)
    )
    return (
        f'<div class="starlung-note">{html.escape(counts)}</div>'
        f'<div class="starlung-figures">{cells}</div>'
    )


def reliability_rows(calibration: Calibration) -> list[ReliabilityRow]:
    """Bins that hold candidates, with the exact interval of the share."""
    return [
        ReliabilityRow(
            mean_probability=row.mean_probability,
            share_nodules=row.share_nodules,
            share_ci95=share_interval(round(row.share_nodules * row.candidates), row.candidates),
            candidates=row.candidates,
        )
        for row in calibration.reliability
        if row.candidates and row.mean_probability is not None and row.share_nodules is not None
    ]


def _cells(evaluation: Evaluation) -> Iterator[tuple[str, str, str]]:
    """Name, value and interval; what has no interval is left out."""
    if evaluation.cpm is not None and evaluation.cpm_ci95 is not None:
        yield (
            gettext("CPM, mean of seven sensitivities"),
            f"{evaluation.cpm:.3f}",
            interval_text(*evaluation.cpm_ci95, ".3f"),
        )
    at = evaluation.operating_point
    if at is None:
        return
    threshold = f"{at.threshold:.3g}"
    if at.sensitivity is not None and evaluation.nodules:
        ends = share_interval(round(at.sensitivity * evaluation.nodules), evaluation.nodules)
        name = gettext("Sensitivity at threshold {threshold}", threshold=threshold)
        yield name, f"{at.sensitivity:.0%}", interval_text(*ends, ".0%")
    false = at.false_positives_per_scan
    ends = rate_interval(round(false * evaluation.scans), evaluation.scans)
    name = gettext("False positives per scan at threshold {threshold}", threshold=threshold)
    yield name, f"{false:.2f}", interval_text(*ends, ".2f")
    if at.unmarked_share is not None and at.unmarked_share_ci95 is not None:
        name = gettext(
            "Nodule-free scans without a false positive at threshold {threshold}",
            threshold=threshold,
        )
        yield name, f"{at.unmarked_share:.0%}", interval_text(*at.unmarked_share_ci95, ".0%")


def _froc(evaluation: Evaluation) -> None:
    st.markdown(f"**{gettext('FROC')}**")
    if not evaluation.nodules:
        st.caption(
            gettext("The evaluation has no reference nodule, so there is no sensitivity to show.")
        )
        return
    show_plot(froc_plot(evaluation), gettext("FROC curve"))
    if evaluation.curve:
        st.caption(
            gettext(
                "{nodules} in {scans}. Band: 95 % bootstrap interval by scan.",
                **_counts(evaluation),
            )
        )
    else:
        st.caption(
            gettext(
                "{nodules} in {scans}. An older evaluation: only the seven points are in it, "
                "without intervals. Run `starlung evaluate` again for the curve.",
                **_counts(evaluation),
            )
        )


def _counts(evaluation: Evaluation) -> dict[str, str]:
    return {
        "nodules": ngettext("{count} nodule", "{count} nodules", evaluation.nodules),
        "scans": ngettext("{count} scan", "{count} scans", evaluation.scans),
    }


def _sizes(evaluation: Evaluation) -> None:
    st.markdown(f"**{gettext('Sensitivity by size')}**")
    if not any(size_bin.nodules for size_bin in evaluation.size_bins):
        st.caption(
            gettext("The evaluation has no reference nodule, so there is no sensitivity to show.")
        )
        return
    show_plot(size_plot(evaluation.size_bins), gettext("Sensitivity by size"))
    st.caption(
        gettext(
            "Each point shows the nodules found, out of all. Bars: exact 95 % "
            "intervals, assuming that nodules are independent."
        )
    )


def _reliability(calibration: Calibration | None) -> None:
    st.markdown(f"**{gettext('Calibration')}**")
    rows = reliability_rows(calibration) if calibration is not None else []
    if calibration is None or not rows:
        st.caption(
            gettext(
                "Nothing to show: no candidate was counted, or the scores are not probabilities."
            )
        )
        return
    show_plot(reliability_plot(rows, inches=THIRD), gettext("Calibration"))
    error = f"{calibration.expected_calibration_error:.3f}"
    st.caption(
        gettext(
            "Predicted probability against the observed share of nodules; the number "
            "of candidates is shown at each point. Bars: exact 95 % intervals. "
            "Expected calibration error {error}.",
            error=error,
        )
    )
