"""The model's page, for administrators: its card, operating curve and calibration."""

from __future__ import annotations

import streamlit as st

from app.web.context import context
from app.web.owner.card_sections import card_figures, card_head, card_lists
from app.web.owner.evaluation_panel import evaluation_panel
from app.web.owner.models_at_hand import card_in_use, cards
from app.web.owner.owner_plots import operating_plot, reliability_plot
from app.web.security.access import Reader
from app.web.words import Words
from medical.evaluation.expected import expected_at_points
from medical.evaluation.site_monitoring import readers_reliability
from medical.plain_text import as_markdown
from medical.review.reviewed import reviewed_findings
from models.zoo.card import ModelCard


def model_page(reader: Reader, words: Words) -> None:
    """Draw the page; ``reader`` is an administrator, others never get it."""
    used = card_in_use()
    known = cards()
    if used is None:
        st.error(words("no_model", name=as_markdown(context().settings.model)))
    if not known:
        return
    card = known[0] if used is None else used
    if len(known) > 1:
        at = known.index(card)
        card = st.selectbox(
            words("model"), known, at, format_func=lambda one: f"{one.name} {one.version}"
        )
    st.html(card_head(card, words, in_use=card == used))
    plots, lists = st.columns([5, 6], gap="large")
    with plots:
        _plots(card, words)
    with lists:
        st.html(card_lists(card, words))
        st.caption(words("card_language"))
    with st.expander(words("card_figures")):
        st.html(card_figures(card))
    evaluation_panel(words)


def _plots(card: ModelCard, words: Words) -> None:
    st.subheader(words("plot_curve"))
    if points := expected_at_points(card):
        st.image(operating_plot(points, card.operating_point, words))
        counts = {"nodules": card.operating_nodules, "scans": card.operating_scans}
        st.caption(words("plot_curve_note", **counts))
    else:
        st.caption(words("plot_none"))
    st.subheader(words("plot_reliability"))
    if card.reliability:
        st.image(reliability_plot(card.reliability, words))
        st.caption(words("plot_reliability_note"))
    else:
        st.caption(words("plot_none"))
    st.subheader(words("plot_readers"))
    said = readers_reliability(
        (one.probability, one.verdict == "accepted")
        for one in reviewed_findings(context().store)
        if one.probability is not None
    )
    if said:
        st.image(reliability_plot(said, words))
        st.caption(words("plot_readers_note", count=sum(row.candidates for row in said)))
    else:
        st.caption(words("plot_readers_none"))
