"""What a reader asks for in the viewer, by a key or a button there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st
from pydantic import ValidationError

from app.web.asked import Asked, steps_asked
from app.web.components.viewer.component import ViewerAction
from app.web.context import context
from app.web.failures import not_saved
from app.web.reading.deciding.decision_fields import Draft
from app.web.reading.deciding.decision_saving import save, undo
from app.web.reading.place import Place
from app.web.security.identity import Reader, allowed
from app.web.session import tell
from app.web.words import page_language
from medical.nodule.guidelines.assessment import DiameterLine
from medical.review.decisions import MAX_DIAMETER_MM, MIN_DIAMETER_MM
from medical.review.reading import ReadFinding, read_study
from medical.review.refusals import DeletedError
from medical.review.reviews import note_exported

_NAMELESS = "(no name given)"


def note_actions(
    asked: Asked,
    series: tuple[str, str],
    place: Place,
    reader: Reader,
    actions: Sequence[ViewerAction],
) -> None:
    """Note what was asked for, each action once however often it is sent.

    Args:
        asked: the session's steps.
        series: key of the study and UID of the series whose viewer sends them.
        place: of the reader in it.
        reader: who asks.
        actions: all that the viewer does not know to be done, in order.
    """
    for action in actions:
        report = int(action.get("report") or 0)
        if report > 0:
            asked.note(partial(_act_on, series, place, reader, action), report=report)


def _act_on(series: tuple[str, str], place: Place, reader: Reader, action: ViewerAction) -> None:
    """Do it; a browser may send anything, so what is not known or not allowed is left alone."""
    key, uid = series
    if action.get("study") != key:
        return
    kind = action.get("kind")
    if kind == "key_image":
        allowed("export")
        store, asked = context().store, steps_asked()
        note_exported(store, key, actor=reader.name or _NAMELESS)
        asked.written()
        return
    try:
        reading = read_study(context().store, key)
    except KeyError:
        tell(not_saved(DeletedError()))
        return
    if reading.study.status == "signed" or not reader.name:
        return
    if kind == "undo":
        undo(key, place, reader)
        return
    if kind == "sign":
        steps_asked().ask_to_sign(key)
        return
    findings = reading.of_series(uid)
    shown = next((item for item in findings if item.id == action.get("finding")), None)
    if shown is None:
        return
    if kind == "diameter":
        _measure(shown, place, action.get("line"))
    elif kind in ("accept", "reject"):
        _decide(shown, findings, place, reader, action)


def _decide(
    shown: ReadFinding,
    findings: Sequence[ReadFinding],
    place: Place,
    reader: Reader,
    action: ViewerAction,
) -> None:
    """Save it; the viewer has gone on by itself and is called back only where nothing was saved."""
    then = action.get("next")
    place.finding = then if then in [item.number for item in findings] else shown.number
    saved = save(
        shown,
        place,
        reader,
        action["study"],
        "accepted" if action["kind"] == "accept" else "rejected",
        seen_version=int(action.get("seen") or 0),
        reason=str(action.get("reason") or ""),
        go_on=False,
    )
    if not saved:
        place.go_to(shown.number)


def _measure(shown: ReadFinding, place: Place, drawn: object) -> None:
    """Put a distance that was drawn into the field of the reader's diameter, and keep its line."""
    try:
        line = DiameterLine.model_validate(drawn)
    except ValidationError:
        return
    if not MIN_DIAMETER_MM <= line.length_mm <= MAX_DIAMETER_MM:
        return
    draft = Draft(shown.id, shown.version, page_language())
    st.session_state[draft.offer("size", None)] = round(line.length_mm, 1)
    draft.note("size")
    draft.keep("line", line)
    place.go_to(shown.number)
