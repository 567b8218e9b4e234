"""What can be done with a study of the worklist: cancel, score again, put aside, delete."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import streamlit as st

from app.web.asked import steps_asked
from app.web.context import cards, context
from app.web.security.identity import Reader, allowed, may
from app.web.session import tell
from app.web.words import gettext, words
from medical.i18n.messages import Message, message
from medical.store.requests import (
    ARCHIVE_REASONS,
    ArchiveReason,
    archive,
    bring_back,
    cancel,
    remove,
    score_again,
    try_again,
)
from medical.store.tables import SCORED, Study

_REASONS: dict[ArchiveReason, Message] = {
    "done": message("read and reported"),
    "duplicate": message("the same study twice"),
    "wrong study": message("wrong study or patient"),
    "not chest": message("not a chest CT"),
    "test": message("a test"),
    "dismissed": message("cannot be scored"),
}
_REASON, _MODEL = "study-dialog-reason", "study-dialog-model"


def study_dialog(study: Study, reader: Reader) -> None:
    """Show what this reader may do with a study; stays open over any run of the worklist."""
    title = gettext("Study {label}", label=study.label)
    st.dialog(title, on_dismiss=steps_asked().close_dialog)(_body)(study, reader)


def _body(study: Study, reader: Reader) -> None:
    if steps_asked().steps:  # a click in the dialog draws the dialog alone, which does no step
        st.rerun()
    if study.archived_at is not None:
        _button(gettext("Show in the worklist again"), _bring_back, study, reader)
        return
    if study.status in ("received", "scoring"):
        _button(gettext("Cancel scoring"), _cancel, study, reader)
        return
    names = list(dict.fromkeys([context().settings.model, *(card.name for card in cards())]))
    st.selectbox(gettext("Model"), names, key=_MODEL)
    again = gettext("Score again with this model")
    _button(again, _again, study, reader, disabled=not Path(study.source).exists())
    st.divider()
    st.selectbox(
        gettext("Reason"),
        ARCHIVE_REASONS,
        index=ARCHIVE_REASONS.index("dismissed" if study.status == "failed" else "done"),
        format_func=partial(words().among, _REASONS),
        key=_REASON,
    )
    aside = gettext("Dismiss") if study.status == "failed" else gettext("Archive")
    _button(aside, _archive, study, reader)
    if may(reader, "delete"):
        _button(gettext("Delete study and result"), _delete, study, reader)
        st.caption(gettext("A study that somebody decided on can be archived, but not deleted."))


def _button(
    label: str,
    act: Callable[[Study, Reader], None],
    study: Study,
    reader: Reader,
    *,
    disabled: bool = False,
) -> None:
    asked = steps_asked()

    def do() -> None:
        asked.close_dialog()
        act(study, reader)

    pressed = asked.on_press(f"{act.__name__} {study.key}", do)
    st.button(label, on_click=pressed, width="stretch", disabled=disabled)


def _cancel(study: Study, reader: Reader) -> None:
    allowed("cancel_scoring")
    asked = steps_asked()
    if cancel(context().store, study.key, actor=reader.name):
        asked.written()
    else:
        tell(gettext("{label} is not being scored any more.", label=study.label))


def _again(study: Study, reader: Reader) -> None:
    allowed("score_again")
    shared, asked, model = context(), steps_asked(), str(st.session_state.get(_MODEL) or "")
    if study.status not in SCORED:
        score_failed_again(study, reader, model=model)
        return
    root = shared.studies_folder
    if score_again(shared.store, study.key, root=root, actor=reader.name, model=model) is None:
        _tell_queued_already(study)
    else:
        asked.written()


def score_failed_again(study: Study, reader: Reader, *, model: str | None = None) -> None:
    """Queue a failed study once more; say so where another user has done it."""
    allowed("score_again")
    asked = steps_asked()
    if try_again(context().store, study.key, actor=reader.name, model=model):
        asked.written()
    else:
        _tell_queued_already(study)


def _tell_queued_already(study: Study) -> None:
    tell(gettext("{label} has already been queued again by another user.", label=study.label))


def _archive(study: Study, reader: Reader) -> None:
    allowed("archive")
    asked, reason = steps_asked(), _chosen()
    if archive(context().store, study.key, reason=reason, actor=reader.name):
        asked.written()


def _bring_back(study: Study, reader: Reader) -> None:
    allowed("archive")
    asked = steps_asked()
    if bring_back(context().store, study.key, actor=reader.name):
        asked.written()


def _delete(study: Study, reader: Reader) -> None:
    allowed("delete")
    shared, asked, reason = context(), steps_asked(), _chosen()
    if remove(
        shared.store,
        study.key,
        reason=reason,
        results=shared.studies_folder,
        actor=reader.name,
    ):
        asked.written()
    else:
        tell(gettext("A study that somebody decided on can be archived, but not deleted."))


def _chosen() -> ArchiveReason:
    reason: ArchiveReason = st.session_state.get(_REASON) or "done"
    return reason
