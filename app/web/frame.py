"""What stands round every page: the name, the language, who reads, and what this is not."""

from __future__ import annotations

import streamlit as st

from app.web.context import context
from app.web.kept import keep_widget, remember_widget
from app.web.preferences import prefer, preferred
from app.web.security.access import Reader
from app.web.security.identity import current_reader
from app.web.theme import STYLE
from app.web.words import LANGUAGES, Language, Words


def begin_page() -> tuple[Reader, Words]:
    """Draw the frame; returns who reads and the words in their language."""
    st.html(STYLE)
    with st.sidebar:
        name = st.empty()
        words = _choose_language()
        name.html(
            f'<div class="starlung-name">{words("product")}</div>'
            f'<div class="starlung-subtitle">{words("subtitle")}</div>'
        )
    st.html(f'<div class="starlung-research" role="note">{words("research")}</div>')
    with st.sidebar:
        reader = current_reader(context().settings, words)
    return reader, words


def present_words() -> Words:
    """Return the words of the language chosen last, before anything is drawn."""
    language = st.session_state.get("language") or preferred("language", "en")
    return Words("zh" if language == "zh" else "en")


def _choose_language() -> Words:
    codes: list[Language] = list(LANGUAGES)
    keep_widget("language", preferred("language", "en"))
    choice: Language | None = st.segmented_control(
        "Language / 语言",
        codes,
        format_func=LANGUAGES.__getitem__,
        key="language",
        label_visibility="collapsed",
    )
    remember_widget("language")
    prefer("language", choice or "en")
    return Words(choice or "en")
