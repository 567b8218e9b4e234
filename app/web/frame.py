"""What stands round every page: the name, the language, who reads, and what this is not."""

from __future__ import annotations

import streamlit as st

from app.web.context import context
from app.web.kept import keep_widget, remember_widget
from app.web.preferences import prefer, preferred
from app.web.security.access import Reader
from app.web.security.identity import current_reader
from app.web.theme import STYLE
from app.web.words import gettext
from medical.i18n.catalogue import LANGUAGES, Language


def begin_page() -> Reader:
    """Draw the frame; returns who reads."""
    st.html(STYLE)
    with st.sidebar:
        name = st.empty()
        _choose_language()
        subtitle = gettext("Lung-nodule reader for chest CT")
        name.html(
            '<div class="starlung-name">StarLung</div>'
            f'<div class="starlung-subtitle">{subtitle}</div>'
        )
    research = gettext("Research use only – not for diagnosis or treatment")
    st.html(f'<div class="starlung-research" role="note">{research}</div>')
    with st.sidebar:
        return current_reader(context().settings)


def _choose_language() -> None:
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
