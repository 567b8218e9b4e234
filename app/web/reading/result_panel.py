"""Which series of a study is read, and what is to be noted about its quality."""

from __future__ import annotations

import html

import streamlit as st

from app.web.context import context
from app.web.security.secrets import result_key
from app.web.words import Words
from medical.detection.findings import SeriesFindings
from medical.errors import InputError
from medical.plain_text import as_markdown
from medical.report.words.quality_labels import quality_text
from medical.review.reading import StudyReading
from medical.store.series import KeptSeries


def choose_series(reading: StudyReading, words: Words) -> KeptSeries:
    """Let the reader choose a series of a study.

    Raises:
        InputError: an earlier version's result was lost before the store held it.
    """
    if not reading.series:
        raise InputError("study", "holds no result any more", "Score the study again")
    series = {one.uid: one for one in reading.series}
    uid = next(iter(series))
    if len(series) > 1:
        with st.sidebar:
            uid = st.selectbox(words("series"), list(series))
    return series[uid]


def quality_notes(scored: SeriesFindings, words: Words) -> None:
    """Show what the reader should know about the images, most severe first."""
    st.subheader(words("quality"))
    if not scored.quality:
        st.caption(words("quality_none"))
    chinese = words.language == "zh"
    for note in scored.quality:
        message = quality_text(note.message, chinese=chinese)
        text = f"<b>{words(note.severity)}</b> {html.escape(message)}"
        st.html(f'<div class="starlung-note {note.severity}">{text}</div>')
    st.caption(as_markdown(scored.series_instance_uid))


def folder_note(series: KeptSeries, words: Words, *, own: bool) -> None:
    """Say so where the folder holds another result by now, or no signature of this site."""
    if not own:
        st.html(f'<div class="starlung-note warning">{html.escape(words("folder_differs"))}</div>')
    how = series.folder.whose_signature(result_key(context().settings.work_dir))
    if how != "here":
        st.html(
            f'<div class="starlung-note warning">{html.escape(words(f"signature_{how}"))}</div>'
        )
