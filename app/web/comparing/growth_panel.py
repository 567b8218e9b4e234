"""Below the images: how each nodule has changed since the earlier CT."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app.web.comparing.growth_rows import growth_table
from app.web.comparing.prior_panel import Comparison, change_in
from app.web.words import Words
from medical.review.reading import ReadFinding

_MOST_DAYS = 20_000


def growth_panel(comparison: Comparison, findings: list[ReadFinding], words: Words) -> Comparison:
    """Show change and doubling time; asks for the days between where the images do not say.

    Returns:
        The comparison, with the days that the reader gave.
    """
    prior = comparison.prior
    with st.container(border=True, key="starlung-growth-panel"):
        st.markdown(f"**{words('growth', label=prior.label)}**")
        if not prior.same_patient:
            st.warning(words("prior_check"))
        if prior.days is None:
            days: int | None = st.number_input(
                words("growth_days"), 1, _MOST_DAYS, value=None, key=f"days-{prior.folder.path}"
            )
            comparison = replace(comparison, days_by_reader=days)
        st.html(growth_table(change_in(comparison, findings), words))
        likeness = f"{comparison.registration.likeness:.2f}"
        st.caption(words("growth_note", likeness=likeness))
    return comparison
