"""Below the images: how each nodule has changed since the earlier CT."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app.web.comparing.growth_rows import growth_table
from app.web.comparing.prior_panel import Comparison, change_in
from app.web.words import gettext
from medical.review.reading import ReadFinding

_MOST_DAYS = 20_000


def growth_panel(comparison: Comparison, findings: list[ReadFinding]) -> Comparison:
    """Show change and doubling time; asks for the days between where the images do not say.

    Returns:
        The comparison, with the days that the reader gave.
    """
    prior = comparison.prior
    with st.container(border=True, key="starlung-growth-panel"):
        st.markdown(f"**{gettext('Growth since {label}', label=prior.label)}**")
        if not prior.same_patient:
            st.warning(
                gettext(
                    "The images do not confirm that both CTs are of the same patient: please "
                    "verify."
                )
            )
        if prior.days is None:
            days: int | None = st.number_input(
                gettext("Interval between the two CTs, days"),
                1,
                _MOST_DAYS,
                value=None,
                key=f"days-{prior.folder.path}",
            )
            comparison = replace(comparison, days_by_reader=days)
        st.html(growth_table(change_in(comparison, findings)))
        st.caption(
            gettext(
                "Matched by affine registration (correlation {correlation:.2f}), "
                "accurate to a few millimetres. Sizes are the model's, with 95 % "
                "intervals; readers' own diameters are not compared. Intervals assume "
                "independent measurements.",
                correlation=comparison.registration.correlation,
            )
        )
    return comparison
