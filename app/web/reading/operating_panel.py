"""Below the findings: what another operating point would give, and which candidates it adds."""

from __future__ import annotations

import html

import streamlit as st

from app.web.context import cards
from app.web.reading.table import millimetres
from app.web.words import gettext, ngettext
from medical.detection.findings import SeriesFindings
from medical.evaluation.expected_performance import Expected, expected_at_points
from medical.plain_text import as_markdown
from medical.report.content import card_of
from medical.results.folder import ResultFolder
from medical.results.images import ViewerImages
from medical.results.predictions import WrittenCandidate
from medical.review.interval_text import interval_text, probability_interval_text, probability_text


def operating_panel(scored: SeriesFindings, folder: ResultFolder) -> None:
    """Show a slider over the thresholds that the model's card was measured at."""
    with st.expander(gettext("Operating point: effect of another threshold")):
        card = card_of(cards(), scored.model, scored.operating_point)
        points = expected_at_points(card) if card is not None else []
        if card is None or not points:
            st.caption(
                gettext(
                    "{model} {version} is no longer installed, or its model card does not "
                    "say on how many nodules and scans its operating curve was measured, so "
                    "no figures can be shown.",
                    model=as_markdown(scored.model.name),
                    version=as_markdown(scored.model.version),
                )
            )
            return
        chosen = _choose(points, scored)
        candidates = folder.read_candidates()
        st.html(_figures(chosen, candidates))
        if candidates and chosen.threshold < scored.operating_point:  # else it adds no candidates
            st.html(_candidates_between(chosen, candidates, scored, folder.read_images()))
        st.caption(
            gettext(
                "Measured with {model} {version} on {nodules} and {scans}; expect less "
                "on other nodules or another scanner. 95 % intervals are shown below the "
                "figures. Moving the slider does not change any finding.",
                model=as_markdown(card.name),
                version=as_markdown(card.version),
                nodules=ngettext(
                    "{count} INSERTED nodule", "{count} INSERTED nodules", card.operating_nodules
                ),
                scans=ngettext(
                    "{count} held-out scan", "{count} held-out scans", card.operating_scans
                ),
            )
        )


def _choose(points: list[Expected], scored: SeriesFindings) -> Expected:
    # Only thresholds that were measured can be chosen: nothing is read off between two of them.
    by_threshold = {point.threshold: point for point in points}
    nearest = min(by_threshold, key=lambda threshold: abs(threshold - scored.operating_point))
    scored_at = gettext("scored at {point}", point=f"{scored.operating_point:.3g}")
    title = gettext("Probability from which a candidate counts as a finding")
    chosen = st.select_slider(
        f"{title} ({scored_at})",
        list(by_threshold),
        nearest,
        format_func=lambda threshold: f"{threshold:.2f}",
        key=f"operating-{scored.series_instance_uid}",
    )
    return by_threshold[chosen]


def _figures(chosen: Expected, candidates: list[WrittenCandidate]) -> str:
    cells = [
        (
            gettext("Sensitivity, inserted nodules"),
            f"{chosen.sensitivity:.0%}",
            interval_text(*chosen.sensitivity_ci95, ".0%"),
        ),
        (
            gettext("False positives per scan"),
            f"{chosen.false_positives:.2f}",
            interval_text(*chosen.false_positives_ci95, ".2f"),
        ),
    ]
    if candidates:
        count = sum(candidate.probability >= chosen.threshold for candidate in candidates)
        cells.append((gettext("Candidates in this CT"), str(count), ""))
    return "".join(
        f'<div class="starlung-figure"><small>{name}</small><b>{value}</b>'
        f"<small>{interval}</small></div>"
        for name, value, interval in cells
    ).join(('<div class="starlung-figures">', "</div>"))


def _candidates_between(
    chosen: Expected,
    candidates: list[WrittenCandidate],
    scored: SeriesFindings,
    images: ViewerImages | None,
) -> str:
    """List the candidates that the chosen point would add to the findings, with slice and place."""
    added = [
        candidate
        for candidate in candidates
        if chosen.threshold <= candidate.probability < scored.operating_point
    ]
    if not added:
        none = gettext("No candidate in this CT lies between the two thresholds.")
        return f'<div class="starlung-note">{none}</div>'
    note = gettext("Candidates below the operating point of this CT; not measured.")
    titles = (gettext("Slice"), gettext("Position, LPS mm"), gettext("Probability"))
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "".join(f"<tr>{_cells(candidate, images)}</tr>" for candidate in added)
    return (
        f'<div class="starlung-note">{note}</div>'
        f'<table class="starlung-guidelines"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _cells(candidate: WrittenCandidate, images: ViewerImages | None) -> str:
    interval = probability_interval_text(*candidate.probability_ci95)
    texts = (
        _slice(candidate, images),
        ", ".join(millimetres(v) for v in candidate.center_lps_mm),
        f"{probability_text(candidate.probability)} ({interval})",
    )
    return "".join(f"<td>{html.escape(text)}</td>" for text in texts)


def _slice(candidate: WrittenCandidate, images: ViewerImages | None) -> str:
    if images is None:
        return "–"
    x, y, z = candidate.center_lps_mm
    a, b, c, d = images.z_from_lps
    at = round(a * x + b * y + c * z + d)
    inside = min(max(at, 0), len(images.slice_numbers) - 1)
    return str(images.slice_numbers[inside])
