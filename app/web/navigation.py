"""The pages and how one gets from one to another.

Their folder is not called `pages`: Streamlit would run what lies in such a folder as scripts of
their own, and an address that names a page would stay empty.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.web.context import context
from app.web.frame import begin_page, present_words
from app.web.identity import Reader, may_administrate
from app.web.links import STUDY, remember_page
from app.web.notices import show_notices, tell
from app.web.views.drift import drift_page
from app.web.views.model import model_page
from app.web.views.reading import reading_page
from app.web.views.retraining import retraining_page
from app.web.views.trail import trail_page
from app.web.views.worklist import worklist_page
from app.web.words import Words

PageBody = Callable[[Reader, Words], None]
_FOR_ADMINISTRATORS: dict[str, tuple[PageBody, str]] = {
    "model": (model_page, ":material/neurology:"),
    "drift": (drift_page, ":material/monitoring:"),
    "retraining": (retraining_page, ":material/model_training:"),
    "trail": (trail_page, ":material/history:"),
}
"""Name in the address -> the page and its icon."""


def render() -> None:
    """Draw the page that the address names."""
    # The pages come first: a widget drawn before Streamlit knows the page gets another identity
    # on the next run, and what a reader did with it is lost.
    drawn: list[tuple[Reader, Words]] = []

    def within_frame(body: PageBody) -> Callable[[], None]:
        return lambda: body(*drawn[0])

    st.set_page_config(page_title="StarLung", layout="wide", initial_sidebar_state="expanded")
    pages = _pages(present_words(), within_frame)
    current = st.navigation(pages, position="hidden")
    remember_page(pages[1])
    drawn.append(begin_page())
    _first_visit(pages[1])
    with st.sidebar:
        # Icons stand in links only: as a page's own, Streamlit fetches them from the internet.
        st.page_link(pages[0], icon=":material/list:")
        if current != pages[1]:  # while a study is read the sidebar is for its findings
            for page in pages[2:]:
                st.page_link(page, icon=_FOR_ADMINISTRATORS[page.url_path][1])
    show_notices()
    current.run()


def _pages(words: Words, within_frame: Callable[[PageBody], Callable[[], None]]) -> list[st.Page]:
    def page(body: PageBody, name: str, *, default: bool = False) -> st.Page:
        return st.Page(
            within_frame(body),
            title=words(name),
            url_path=None if default else name,
            default=default,
        )

    pages = [page(worklist_page, "worklist", default=True), page(reading_page, "reading")]
    if may_administrate(context().settings):
        pages += [page(body, name) for name, (body, _) in _FOR_ADMINISTRATORS.items()]
    return pages


def _first_visit(reading: st.Page) -> None:
    """Go to the study that ``starlung serve --open`` named, once in each browser session."""
    shared = context()
    if st.session_state.get("opened"):
        return
    st.session_state["opened"] = True
    if shared.opening_error:
        tell(shared.opening_error)
    if shared.first_study is not None and STUDY not in st.query_params:
        st.switch_page(reading, query_params={STUDY: shared.first_study})
