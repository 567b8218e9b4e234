"""Sentences for the reader that must outlive the rerun in which they arose."""

from __future__ import annotations

import streamlit as st

from medical.plain_text import as_markdown

_KEY = "notices"


def tell(sentence: str) -> None:
    """Show a sentence on the next picture of the page."""
    st.session_state.setdefault(_KEY, []).append(sentence)


def show_notices() -> None:
    """Show what was told since the last picture, once."""
    for sentence in st.session_state.pop(_KEY, []):
        st.error(as_markdown(sentence))
