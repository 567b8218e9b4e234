"""What the page says, in the language that its reader chose."""

from __future__ import annotations

import streamlit as st

from app.web.clock import browser_zone
from app.web.session import preferred
from medical.i18n.catalogue import Language, Translator


def page_language() -> Language:
    """Return the language chosen last in this session, else in this browser, else English.

    Before anything is drawn it holds too, and in what a button calls.
    """
    chosen = st.session_state.get("language") or preferred("language", "en")
    return "zh" if chosen == "zh" else "en"


def words() -> Translator:
    """Return the page's language and clock, to say messages and kept sentences in."""
    return Translator(page_language(), clock=browser_zone())


def gettext(text: str, /, **values: object) -> str:
    """Say ``text`` (English, written out at the call) with its blanks filled."""
    return words()(text, **values)


def ngettext(singular: str, many: str, /, count: int, **values: object) -> str:
    """Say something of a count, which stands in the blank ``{count}``."""
    return words().plural(singular, many, count, **values)
