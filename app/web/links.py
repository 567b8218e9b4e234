"""Ways from page to page within one browser session."""

from __future__ import annotations

import streamlit as st

STUDY = "study"
"""The part of the address that names a study."""

_PAGES = "pages"


def remember_pages(worklist: st.Page, reading: st.Page) -> None:
    """Keep the pages for links; `navigation` calls it on every rerun."""
    st.session_state[_PAGES] = {"worklist": worklist, "reading": reading}


def reading_link(key: str, label: str) -> None:
    """A link that opens a study."""
    st.page_link(st.session_state[_PAGES]["reading"], label=label, query_params={STUDY: key})


def worklist_link(label: str) -> None:
    """A link back to the worklist."""
    st.page_link(st.session_state[_PAGES]["worklist"], label=label, icon=":material/arrow_back:")


def open_study(key: str) -> None:
    """Go to a study; ends this run."""
    st.switch_page(st.session_state[_PAGES]["reading"], query_params={STUDY: key})
