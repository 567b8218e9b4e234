"""Fields for what the guidelines ask about a nodule; each is shown only where it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import streamlit as st

from app.web.reading.draft import Draft
from app.web.words import gettext, words
from medical.i18n.messages import Message, message
from medical.nodule.guidelines.assessment import (
    CALCIFICATIONS,
    HISTORIES,
    NODULE_DENSITIES,
    PRIOR_CATEGORIES,
    Assessment,
)
from medical.report import terms
from medical.review.decisions import LEAST_DIAMETER_MM, MOST_DIAMETER_MM
from medical.review.reading import ReadFinding, StudyReading

_TITLES = {
    "density": message("My density"),
    "calcification": message("Pattern of calcification"),
    "history": message("Since the earlier examination"),
    "prior_category": message("Previous Lung-RADS"),
}


def assessment_fields(reading: StudyReading, shown: ReadFinding, draft: Draft) -> None:
    """Density, and by it and by the examination the solid component, calcification, history."""
    entered, by_model = shown.assessment, shown.measured.density
    model_says = (
        gettext("{value} (model)", value=words().among(terms.DENSITIES, by_model))
        if by_model
        else gettext("not measured")
    )
    _choose("density", NODULE_DENSITIES, entered.density, terms.DENSITIES, model_says, draft)
    density = draft.value("density", entered.density) or by_model
    if density == "part-solid":
        st.number_input(
            gettext("Solid component, mean diameter, mm"),
            LEAST_DIAMETER_MM,
            MOST_DIAMETER_MM,
            None,
            step=0.5,
            format="%.1f",
            key=draft.offer("solid", entered.solid_diameter_mm),
            on_change=partial(draft.note, "solid"),
        )
    if density == "calcified":
        name, value = "calcification", entered.calcification
        _choose(name, CALCIFICATIONS, value, terms.CALCIFICATIONS, gettext("not known"), draft)
    if reading.examination.kind == "follow-up":
        hint = gettext("from the comparison, if available")
        _choose("history", HISTORIES, entered.history, terms.HISTORIES, hint, draft)
        if draft.value("history", entered.history) in (None, "stable"):
            then, hint = entered.prior_category, gettext("not known")
            _choose("prior_category", PRIOR_CATEGORIES, then, None, hint, draft)


def assessment_of(draft: Draft, shown: ReadFinding) -> Assessment:
    """Read the fields; a field that is not asked for any more counts as empty."""
    entered = shown.assessment
    density = draft.value("density", entered.density)
    effective = density or shown.measured.density
    solid = draft.value("solid", entered.solid_diameter_mm)
    calcification = draft.value("calcification", entered.calcification)
    return Assessment(
        density=density,
        solid_diameter_mm=solid if effective == "part-solid" else None,
        calcification=calcification if effective == "calcified" else None,
        history=draft.value("history", entered.history),
        prior_category=draft.value("prior_category", entered.prior_category),
    )


def _choose(
    name: str,
    options: tuple[str, ...],
    value: str | None,
    texts: Mapping[str, Message] | None,
    hint: str,
    draft: Draft,
) -> None:
    st.selectbox(
        words().among(_TITLES, name),
        options,
        index=None,
        format_func=str if texts is None else partial(words().among, texts),
        placeholder=hint,
        key=draft.offer(name, value),
        on_change=partial(draft.note, name),
    )
