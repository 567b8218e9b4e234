"""What a reader asks for in the viewer, by a key or a button there."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.web.components.viewer.component import ViewerAction
from app.web.context import context
from app.web.reading.deciding.decision_fields import Draft
from app.web.reading.deciding.decision_saving import save, undo
from app.web.reading.deciding.sign_dialog import ask_to_sign
from app.web.reading.place import Place
from app.web.security.identity import Reader, allowed
from app.web.words import page_language
from medical.review.decisions import MAX_DIAMETER_MM, MIN_DIAMETER_MM
from medical.review.reading import ReadFinding, StudyReading
from medical.review.reviews import note_exported

_NAMELESS = "(no name given)"


def act_on(
    reading: StudyReading,
    findings: Sequence[ReadFinding],
    place: Place,
    reader: Reader,
    action: ViewerAction,
) -> None:
    """Do it; a browser may send anything, so what is not known or not allowed is left alone."""
    if (report := int(action.get("report") or 0)) <= place.acted:
        return  # sent again before the answer came
    place.acted = report
    kind = action.get("kind")
    if kind == "key_image":
        allowed("export")
        note_exported(context().store, reading.study.key, actor=reader.name or _NAMELESS)
        return
    if reading.study.status == "signed" or not reader.name:
        return
    if kind == "undo":
        undo(reading, place, reader)
        return
    if kind == "sign":
        ask_to_sign()
        return
    shown = next((item for item in findings if item.number == action.get("finding")), None)
    if shown is None:
        return
    if kind == "diameter":
        _measure(shown, place, float(action.get("mm") or 0.0))
    elif kind in ("accept", "reject"):
        save(
            shown,
            place,
            reader,
            reading.study.key,
            "accepted" if kind == "accept" else "rejected",
            seen_version=int(action.get("seen") or 0),
            reason=str(action.get("reason") or ""),
        )


def _measure(shown: ReadFinding, place: Place, size_mm: float) -> None:
    """Put a distance that was drawn into the field of the reader's diameter."""
    if not MIN_DIAMETER_MM <= size_mm <= MAX_DIAMETER_MM:
        return
    draft = Draft(shown.id, shown.version, page_language())
    st.session_state[draft.offer("size", None)] = round(size_mm, 1)
    draft.note("size")
    place.go_to(shown.number)
