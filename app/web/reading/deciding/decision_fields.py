"""The fields in which a reader describes a finding, and what was typed there and not saved.

Streamlit forgets a widget that is not drawn. A draft survives that, and somebody else's faster
decision; where nothing was typed the widget shows what the decision that holds says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from app.web.words import gettext, page_language, words
from medical.i18n.messages import Message, message
from medical.nodule.guidelines.assessment import (
    CALCIFICATIONS,
    HISTORIES,
    LOCATIONS,
    NODULE_DENSITIES,
    PRIOR_CATEGORIES,
    Assessment,
    DiameterLine,
)
from medical.review import terms
from medical.review.decisions import MAX_DIAMETER_MM, MIN_DIAMETER_MM
from medical.review.reading import ReadFinding, StudyReading

_ROUNDED_MM = 0.051  # a diameter has one decimal
NAMES = (
    *("reason", "size", "density", "location", "solid", "calcification"),
    *("history", "prior_category", "comment", "line"),
)


@dataclass(frozen=True, slots=True)
class Draft:
    """One finding's fields.

    Args:
        finding_id: the finding's row.
        version: of its latest decision.
        language: of the page. A choice comes back from the browser as the words that it shows, so
            widgets of two languages are two widgets; the draft is one.
    """

    finding_id: int
    version: int
    language: str

    def key(self, name: str) -> str:
        """Return the widget's key."""
        return f"{name}-{self.finding_id}-{self.language}"

    def _typed(self, name: str) -> str:
        return f"draft-{name}-{self.finding_id}"

    def offer(self, name: str, default: Any) -> str:
        """Call before the widget is drawn, which gets no default of its own; returns its key."""
        key, state = self.key(name), st.session_state
        if (typed := self._typed(name)) in state:
            state.setdefault(key, state[typed])
        elif key not in state or state.get(f"seen-{key}") != self.version:
            state[key] = default
        state[f"seen-{key}"] = self.version
        return key

    def note(self, name: str) -> None:
        """Keep what the widget holds; its ``on_change``.

        A browser calls it also for a field that was dropped in a run which the next request ended:
        what that field holds is saved.
        """
        if (key := self.key(name)) in st.session_state:
            st.session_state[self._typed(name)] = st.session_state[key]

    def keep(self, name: str, value: Any) -> None:
        """Keep what was not typed in a widget."""
        st.session_state[self._typed(name)] = value

    def rephrase(self, name: str, text: str) -> None:
        """Say what was typed in this page's language; nothing where nothing was typed."""
        if self._typed(name) in st.session_state:
            st.session_state[self._typed(name)] = text

    def value(self, name: str, default: Any) -> Any:
        """Return what stands in the field; ``default`` where it was not drawn."""
        typed = st.session_state.get(self._typed(name), default)
        return st.session_state.get(self.key(name), typed)

    def drop(self) -> None:
        """Forget all fields: what was typed is saved."""
        for name in NAMES:
            key = self.key(name)
            for state_key in (key, f"seen-{key}", self._typed(name)):
                st.session_state.pop(state_key, None)


_TITLES = {
    "density": message("My density"),
    "location": message("My location"),
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
    where = gettext("{value} (model)", value=words().translate(shown.measured.location))
    _choose("location", LOCATIONS, entered.location, terms.LOCATIONS, where, draft)
    if density == "part-solid":
        st.number_input(
            gettext("Solid component, mean diameter, mm"),
            MIN_DIAMETER_MM,
            MAX_DIAMETER_MM,
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
    size_mm = draft.value("size", shown.diameter_by_reader_mm)
    return Assessment(
        density=density,
        location=draft.value("location", entered.location),
        solid_diameter_mm=solid if effective == "part-solid" else None,
        calcification=calcification if effective == "calcified" else None,
        history=draft.value("history", entered.history),
        prior_category=draft.value("prior_category", entered.prior_category),
        diameter_line=_line_of(draft.value("line", entered.diameter_line), size_mm),
    )


def diameter_line(shown: ReadFinding) -> DiameterLine | None:
    """Return the line to draw: the one measured and not saved yet, else the decision's."""
    draft = Draft(shown.id, shown.version, page_language())
    line: DiameterLine | None = draft.value("line", shown.assessment.diameter_line)
    return line


def _line_of(line: DiameterLine | None, size_mm: float | None) -> DiameterLine | None:
    """Return the line along which this diameter was measured; none once another was typed."""
    if line is None or size_mm is None:
        return None
    return line if abs(line.length_mm - size_mm) <= _ROUNDED_MM else None


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
