"""The drift page, for administrators: are the latest studies like the calibration set."""

from __future__ import annotations

import html
from pathlib import Path

import streamlit as st

from app.web.context import context
from app.web.owner.models_at_hand import card_in_use
from app.web.owner.owner_plots import scores_plot
from app.web.security.access import Reader
from app.web.words import Words
from medical.evaluation.site_monitoring import UNKNOWN, Fact, Scores, compare_facts, compare_scores
from medical.plain_text import as_markdown
from medical.results.search import result_folders
from medical.store.latest import latest_scored
from models.zoo.card import CalibrationScan

_CHOICES = (20, 50, 100, 200)


def drift_page(reader: Reader, words: Words) -> None:
    """Draw the page; ``reader`` is an administrator, others never get it."""
    card = card_in_use()
    if card is None:
        st.error(words("no_model", name=as_markdown(context().settings.model)))
        return
    count = st.segmented_control(words("drift_last"), _CHOICES, default=_CHOICES[1], key="latest")
    latest = _read(latest_scored(context().store, count or _CHOICES[1]))
    if not latest:
        st.info(words("drift_none"))
        return
    if not card.calibration_scans:
        st.info(words("drift_no_set", model=as_markdown(f"{card.name} {card.version}")))
        return
    st.caption(
        words(
            "drift_said",
            latest=len(latest),
            calibration=len(card.calibration_scans),
            model=as_markdown(f"{card.name} {card.version}"),
        )
    )
    facts, scores = st.columns([6, 5], gap="large")
    with facts:
        for fact in compare_facts(latest, card.calibration_scans):
            st.subheader(words(f"fact_{fact.name}"))
            st.html(_fact_html(fact, words))
    with scores:
        st.subheader(words("drift_scores"))
        _draw_scores(compare_scores(latest, card.calibration_scans), words)


def _read(folders: list[Path]) -> list[CalibrationScan]:
    """Read what is kept of each scored series; a result that was removed since is passed over."""
    return [
        CalibrationScan(
            acquisition=folder.read_acquisition(),
            marks=tuple(mark.probability for mark in folder.read_marks()),
        )
        for result in folders
        for folder in result_folders(result)
    ]


def _fact_html(fact: Fact, words: Words) -> str:
    titles = ("fact_value", "fact_latest", "fact_calibration")
    head = "".join(f"<th>{words(title)}</th>" for title in titles)
    body = "".join(
        f"<tr><td>{html.escape(row.value) if row.value != UNKNOWN else words('fact_unknown')}</td>"
        f"<td>{row.latest}</td><td>{row.calibration}</td></tr>"
        for row in fact.rows
    )
    low, high = fact.strange_ci95
    said = (
        words(
            "fact_strange",
            strange=fact.strange,
            known=fact.known,
            low=f"{low:.0%}",
            high=f"{high:.0%}",
        )
        if fact.known
        else words("fact_nothing_known")
    )
    kind = "warning" if fact.strange else ""
    return (
        f'<table class="starlung-guidelines starlung-card"><thead><tr>{head}</tr></thead>'
        f'<tbody>{body}</tbody></table><div class="starlung-note {kind}">{html.escape(said)}</div>'
    )


def _draw_scores(scores: Scores, words: Words) -> None:
    counts = {"latest": len(scores.latest), "calibration": len(scores.calibration)}
    if scores.distance is None or scores.p_value is None:
        st.caption(words("drift_scores_few", **counts))
        return
    st.image(scores_plot(scores, words))
    p = f"{scores.p_value:.2g}"
    st.caption(words("drift_scores_note", **counts, distance=f"{scores.distance:.2f}", p=p))
