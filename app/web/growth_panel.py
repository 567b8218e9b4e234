"""Below the findings: how each nodule has changed since the earlier CT."""

from __future__ import annotations

import streamlit as st

from app.web.growth_rows import followed, growth_table
from app.web.prior_panel import Comparison
from app.web.words import Words
from medical.nodule.growth_match import compare
from medical.store.reading import ReadFinding

_MOST_DAYS = 20_000


def growth_panel(comparison: Comparison, findings: list[ReadFinding], words: Words) -> None:
    """Show change and doubling time; asks for the days between where the images do not say."""
    prior = comparison.prior
    with st.container(border=True, key="starlung-growth-panel"):
        st.markdown(f"**{words('growth', label=prior.label)}**")
        if not prior.same_patient:
            st.warning(words("prior_check"))
        days: float | None = prior.days
        if days is None:
            days = st.number_input(
                words("growth_days"), 1, _MOST_DAYS, value=None, key=f"days-{prior.folder}"
            )
        now, then = followed(findings), followed(comparison.findings)
        rows = compare(now, then, comparison.registration, interval_days=days)
        st.html(growth_table(rows, now, then, words))
        likeness = f"{comparison.registration.likeness:.2f}"
        st.caption(words("growth_note", likeness=likeness))
