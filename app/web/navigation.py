"""The pages and how one gets from one to another."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.web.context import context
from app.web.frame import begin_page
from app.web.identity import Reader
from app.web.links import STUDY, remember_page
from app.web.notices import show_notices, tell
from app.web.pages.reading import reading_page
from app.web.pages.trail import trail_page
from app.web.pages.worklist import worklist_page
from app.web.words import Words


def render() -> None:
    """Draw the page that the address names."""
    reader, words = begin_page()
    pages = _pages(reader, words)
    current = st.navigation(pages, position="hidden")
    _first_visit(pages)
    remember_page(pages[1])
    with st.sidebar:
        # Icons stand in links only: as a page's own, Streamlit fetches them from the internet.
        st.page_link(pages[0], icon=":material/list:")
        for page in pages[2:]:
            st.page_link(page, icon=":material/history:")
    show_notices()
    current.run()


def _pages(reader: Reader, words: Words) -> list[st.Page]:
    pages = [
        st.Page(
            partial(worklist_page, reader, words),
            title=words("worklist"),
            default=True,
        ),
        st.Page(
            partial(reading_page, reader, words),
            title=words("reading"),
            url_path="reading",
        ),
    ]
    if reader.administrator:
        pages.append(
            st.Page(
                partial(trail_page, reader, words),
                title=words("trail"),
                url_path="trail",
            )
        )
    return pages


def _first_visit(pages: list[st.Page]) -> None:
    """Go to the study that ``starlung serve --open`` named, once in each browser session."""
    shared = context()
    if st.session_state.get("opened"):
        return
    st.session_state["opened"] = True
    if shared.opening_error:
        tell(shared.opening_error)
    if shared.first_study is not None and STUDY not in st.query_params:
        st.switch_page(pages[1], query_params={STUDY: shared.first_study})
