"""Which series of a study is read, and what is to be noted about its quality."""

from __future__ import annotations

import html

import streamlit as st

from app.web.context import context
from app.web.security.secrets import result_key
from app.web.words import gettext, words
from medical.detection.findings import SeriesFindings
from medical.errors import InputError
from medical.i18n.messages import Message, message
from medical.plain_text import as_markdown
from medical.review.reading import StudyReading
from medical.store.series import KeptSeries

_SEVERITIES: dict[str, Message] = {
    "severe": message("Severe"),
    "warning": message("Warning"),
    "info": message("Note"),
}
_ANOTHER_RESULT = message(
    "The result folder now holds another result. You are reading the result "
    "that was imported; the maps and candidates in the folder do not belong "
    "to it and are not shown. If nobody has decided anything yet, open the "
    "folder again to import the other result."
)
_SIGNATURES: dict[str, Message] = {
    "not": message(
        "This result is not signed by this site: it was scored elsewhere, scored "
        "by version 0.5 or earlier, or created by hand."
    ),
    "broken": message("This result was changed after this site scored it."),
}


def choose_series(reading: StudyReading) -> KeptSeries:
    """Let the reader choose a series of a study.

    Raises:
        InputError: an earlier version's result was lost before the store held it.
    """
    if not reading.series:
        raise InputError(
            "study", message("no longer has a result"), message("Score the study again")
        )
    series = {row.uid: row for row in reading.series}
    uid = next(iter(series))
    if len(series) > 1:
        with st.sidebar:
            uid = st.selectbox(gettext("Series"), list(series))
    return series[uid]


def quality_notes(scored: SeriesFindings) -> None:
    """Show what the reader should know about the images, most severe first."""
    st.subheader(gettext("Image quality"))
    if not scored.quality:
        st.caption(gettext("Nothing to note."))
    for note in scored.quality:
        severity = words().among(_SEVERITIES, note.severity)
        text = f"<b>{severity}</b> {html.escape(words().translate(note.message))}"
        st.html(f'<div class="starlung-note {note.severity}">{text}</div>')
    st.caption(as_markdown(scored.series_instance_uid))


def folder_note(series: KeptSeries, *, own: bool) -> None:
    """Say so where the folder holds another result by now, or no signature of this site."""
    if not own:
        _warn(words().translate(_ANOTHER_RESULT))
    how = series.folder.whose_signature(result_key(context().settings.work_dir))
    if how != "here":
        _warn(words().among(_SIGNATURES, how))


def _warn(text: str) -> None:
    st.html(f'<div class="starlung-note warning">{html.escape(text)}</div>')
