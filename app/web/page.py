"""The reading page: sidebar, then progress or images."""

from __future__ import annotations

import streamlit as st

from app.web.context import context
from app.web.progress_panel import progress_panel
from app.web.reading_panel import reading_panel
from app.web.result_panel import result_panel
from app.web.results import result_folders
from app.web.session import Session, choose_language, session
from app.web.study_panel import study_panel
from app.web.theme import STYLE
from app.web.words import Words


def render() -> None:
    """Draw the page; Streamlit calls it on every rerun."""
    st.set_page_config(page_title="StarLung", layout="wide", initial_sidebar_state="expanded")
    st.html(STYLE)
    reader = _first_visit(session())
    shown = None
    with st.sidebar:
        name = st.empty()
        words = choose_language()
        name.html(
            f'<div class="starlung-name">{words("product")}</div>'
            f'<div class="starlung-subtitle">{words("subtitle")}</div>'
        )
        study_panel(reader, words)
        if reader.result is not None and reader.job is None:
            shown = result_panel(reader.result, words)
    st.html(f'<div class="starlung-research" role="note">{words("research")}</div>')
    for notice in reader.notices:
        st.error(notice)
    if reader.job is not None:
        progress_panel(words)
    elif shown is not None:
        reading_panel(reader, *shown, words)
    else:
        _welcome(words)


def _first_visit(reader: Session) -> Session:
    opened = context().open_path
    if opened is not None and not st.session_state.get("opened"):
        st.session_state["opened"] = True
        if result_folders(opened):
            reader.show(opened, source=None)
    return reader


def _welcome(words: Words) -> None:
    st.html(f'<div class="starlung-welcome"><b>{words("welcome")}</b>{words("welcome_note")}</div>')
