"""Which series of a study is read, and what is to be noted about its quality."""

from __future__ import annotations

import html
from pathlib import Path

import streamlit as st

from app.web.context import context
from app.web.patient_secret import result_key
from app.web.words import Words
from medical.detection.findings import SeriesFindings
from medical.errors import InputError
from medical.plain_text import as_markdown
from medical.report.quality_labels import quality_text
from medical.results.folder import ResultFolder, result_folders


def choose_series(result: Path, words: Words) -> tuple[ResultFolder, SeriesFindings]:
    """Let the reader choose a series of ``result``; return its folder and what was scored.

    Raises:
        InputError: there is no result any more, or it cannot be read.
    """
    folders = result_folders(result)
    if not folders:
        raise InputError("study", "holds no result any more", "Score the study again")
    folder = folders[0]
    if len(folders) > 1:
        with st.sidebar:
            folder = st.selectbox(words("series"), folders, format_func=lambda one: one.path.name)
    return folder, folder.read_findings()


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


def signature_note(folder: ResultFolder, words: Words) -> None:
    """Say so where the result carries no signature of this site that holds."""
    how = folder.whose_signature(result_key(context().settings.work_dir))
    if how != "here":
        st.html(
            f'<div class="starlung-note warning">{html.escape(words(f"signature_{how}"))}</div>'
        )
