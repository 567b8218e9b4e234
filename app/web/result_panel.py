"""The sidebar's second part: which series, its quality notes, and the files to take away."""

from __future__ import annotations

import html
from pathlib import Path

import streamlit as st

from app.web.results import FINDINGS, PREDICTIONS, predictions_file, read_findings, result_folders
from app.web.words import Words
from medical.detection.findings import SeriesFindings
from medical.errors import InputError


def result_panel(result: Path, words: Words) -> tuple[Path, SeriesFindings]:
    """Let the reader choose a series of ``result``; return its folder and findings.

    Raises:
        InputError: there is no result any more, or it cannot be read.
    """
    folders = result_folders(result)
    if not folders:
        raise InputError(result, "holds no result any more", "Score the study again")
    folder = folders[0]
    st.subheader(words("series"))
    if len(folders) > 1:
        folder = st.selectbox(
            words("series"), folders, format_func=lambda f: f.name, label_visibility="collapsed"
        )
    findings = read_findings(folder)
    st.caption(findings.series_instance_uid)
    _quality(findings, words)
    _downloads(folder, words)
    return folder, findings


def _quality(findings: SeriesFindings, words: Words) -> None:
    st.subheader(words("quality"))
    if not findings.quality:
        st.caption(words("quality_none"))
    for note in findings.quality:
        text = f"<b>{words(note.severity)}</b> {html.escape(note.message)}"
        st.html(f'<div class="starlung-note {note.severity}">{text}</div>')


def _downloads(folder: Path, words: Words) -> None:
    st.subheader(words("downloads"))
    files = [(FINDINGS, folder / FINDINGS, "application/json")]
    predictions = predictions_file(folder)
    if predictions is not None:
        files.append((PREDICTIONS, predictions, "text/csv"))
    for name, path, mime in files:
        st.download_button(
            name, path.read_bytes(), name, mime, on_click="ignore", width="stretch", key=name
        )
