"""Ways from page to page within one browser session."""

from __future__ import annotations

import streamlit as st

STUDY = "study"
"""The part of the address that names a study."""

_READING = "reading-page"


def remember_page(reading: st.Page) -> None:
    """Keep the page that links lead to; `navigation` calls it on every rerun."""
    st.session_state[_READING] = reading


def reading_link(key: str, label: str) -> None:
    """Draw a link that opens a study."""
    st.page_link(st.session_state[_READING], label=label, query_params={STUDY: key})


def open_study(key: str) -> None:
    """Go to a study; ends this run."""
    st.switch_page(st.session_state[_READING], query_params={STUDY: key})
