"""Fields for what the guidelines ask about a nodule; each is shown only where it is asked for."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.web.reading.draft import Draft
from app.web.words import Words
from medical.nodule.guidelines.assessment import (
    CALCIFICATIONS,
    HISTORIES,
    NODULE_DENSITIES,
    PRIOR_CATEGORIES,
    Assessment,
)
from medical.review.decisions import LEAST_DIAMETER_MM, MOST_DIAMETER_MM
from medical.review.reading import ReadFinding, StudyReading


def assessment_fields(
    reading: StudyReading, shown: ReadFinding, draft: Draft, words: Words
) -> None:
    """Density, and by it and by the examination the solid component, calcification, history."""
    entered, by_model = shown.assessment, shown.measured.density
    model_says = words("by_model_is", value=words(by_model)) if by_model else words("not_measured")
    _choose("density", NODULE_DENSITIES, entered.density, "", model_says, draft, words)
    density = draft.value("density", entered.density) or by_model
    if density == "part-solid":
        st.number_input(
            words("solid_diameter"),
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
        _choose(name, CALCIFICATIONS, value, "calcification_", words("unknown"), draft, words)
    if reading.examination.kind == "follow-up":
        hint = words("history_hint")
        _choose("history", HISTORIES, entered.history, "history_", hint, draft, words)
        if draft.value("history", entered.history) in (None, "stable"):
            then, hint = entered.prior_category, words("unknown")
            _choose("prior_category", PRIOR_CATEGORIES, then, None, hint, draft, words)


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
    prefix: str | None,
    hint: str,
    draft: Draft,
    words: Words,
) -> None:
    st.selectbox(
        words(f"my_{name}"),
        options,
        index=None,
        format_func=str if prefix is None else lambda one: words(f"{prefix}{one}"),
        placeholder=hint,
        key=draft.offer(name, value),
        on_change=partial(draft.note, name),
    )
