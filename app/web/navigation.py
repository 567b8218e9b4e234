"""The pages, how one gets from one to another, and what stands round each of them.

Their folder is not called `pages`: Streamlit would run what lies in such a folder as scripts of
their own, and an address that names a page would stay empty.
"""

from __future__ import annotations

import html
from collections.abc import Callable

import streamlit as st

from app.web.asked import steps_asked
from app.web.components.watch import watch
from app.web.context import context
from app.web.security.identity import Action, Reader, current_reader, may, need, present_reader
from app.web.session import (
    STUDY,
    keep_widget,
    open_study,
    prefer,
    preferred,
    remember_page,
    remember_widget,
    show_notices,
    tell,
)
from app.web.theme import STYLE
from app.web.views.drift import drift_page
from app.web.views.model import model_page
from app.web.views.reading import reading_page
from app.web.views.retraining import retraining_page
from app.web.views.trail import trail_page
from app.web.views.worklist import worklist_page
from app.web.words import gettext, words
from medical.i18n.catalogue import LANGUAGES, Language
from medical.i18n.messages import Message, message

_LOOK_AGAIN_SECONDS = 3.0
PageBody = Callable[[Reader], None]
PAGES: dict[str, tuple[PageBody, Message, Action, str]] = {
    "worklist": (worklist_page, message("Worklist"), "see_worklist", ":material/list:"),
    "reading": (reading_page, message("Reading"), "read_study", ""),
    "model": (model_page, message("Model"), "see_model", ":material/neurology:"),
    "drift": (drift_page, message("Drift"), "see_drift", ":material/monitoring:"),
    "retraining": (
        retraining_page,
        message("Retraining"),
        "see_retraining",
        ":material/model_training:",
    ),
    "trail": (trail_page, message("Audit trail"), "see_trail", ":material/history:"),
}
"""Name in the address -> the page, its title, what one must be allowed to see, and its icon."""


def render() -> None:
    """Draw the page that the address names."""
    # The pages come first: a widget drawn before Streamlit knows the page gets another identity
    # on the next run, and what a reader did with it is lost.
    drawn: list[Reader] = []

    def within_frame(body: PageBody, action: Action) -> Callable[[], None]:
        def draw() -> None:
            need(drawn[0], action)
            if body is not reading_page:  # its own headline is its title
                st.html(f'<h1 class="starlung-title">{html.escape(current.title)}</h1>')
            if body not in (reading_page, worklist_page):  # these watch what they show anyway
                watch("alive", _alive, _alive(), seconds=_LOOK_AGAIN_SECONDS)
            body(drawn[0])

        return draw

    st.set_page_config(page_title="StarLung", layout="wide", initial_sidebar_state="expanded")
    pages = _pages(within_frame)
    current = st.navigation(pages, position="hidden")
    remember_page(pages[1])
    drawn.append(begin_page())
    _first_visit(pages[1])
    with st.sidebar:
        # Icons stand in links only: as a page's own, Streamlit fetches them from the internet.
        st.page_link(pages[0], icon=PAGES["worklist"][3])
        if current != pages[1]:  # while a study is read the sidebar is for its findings
            for page in pages[2:]:
                st.page_link(page, icon=PAGES[page.url_path][3])
    asked = steps_asked()
    asked.do()
    if current != pages[0]:  # the worklist's dialog stays with the worklist
        asked.manage("")
    shown = st.query_params.get(STUDY, "") if current == pages[1] else ""
    if (following := asked.next_study(shown)) is not None:
        open_study(following)
    show_notices()
    current.run()


def _alive() -> int:
    return 0


def _pages(within_frame: Callable[[PageBody, Action], Callable[[], None]]) -> list[st.Page]:
    reader = present_reader(context().settings)
    return [
        st.Page(
            within_frame(body, action),
            title=words().translate(title),
            url_path=None if name == "worklist" else name,
            default=name == "worklist",
        )
        for name, (body, title, action, _) in PAGES.items()
        # the two for readers are there before the login, which they then ask for
        if name in ("worklist", "reading") or may(reader, action)
    ]


def _first_visit(reading: st.Page) -> None:
    """Go to the study that ``starlung serve --open`` named, once in each browser session."""
    shared = context()
    if st.session_state.get("opened"):
        return
    st.session_state["opened"] = True
    if shared.opening_error:
        tell(words().translate(shared.opening_error))
    if shared.first_study is not None and STUDY not in st.query_params:
        st.switch_page(reading, query_params={STUDY: shared.first_study})


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
