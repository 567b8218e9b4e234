"""What one browser session keeps from rerun to rerun and from page to page.

Choices that survive a reload, widgets that Streamlit would forget with their page, sentences that
must outlive the rerun in which they arose, and the page that links lead to. Choices are held in the
server's memory under the browser's key, and gone with the server.
"""

from __future__ import annotations

from collections import OrderedDict

import streamlit as st

from app.web.security.browsers import holder
from medical.plain_text import as_markdown

_MAX_ENTRIES = 10_000
_known: OrderedDict[tuple[str, str], str] = OrderedDict()


def preferred(name: str, default: str) -> str:
    """Return what this browser's reader chose last."""
    return recall(_browser(), name, default)


def prefer(name: str, value: str) -> None:
    """Remember a choice for this browser."""
    remember(_browser(), name, value)


def recall(browser: str, name: str, default: str) -> str:
    """Return what was remembered for a browser; ``default`` for a browser without a key."""
    return _known.get((browser, name), default)


def remember(browser: str, name: str, value: str) -> None:
    """Remember a choice; the browser that chose longest ago makes room."""
    if not browser:
        return
    _known[browser, name] = value
    _known.move_to_end((browser, name))
    while len(_known) > _MAX_ENTRIES:
        _known.popitem(last=False)


def _browser() -> str:
    return holder(dict(st.context.cookies))


def keep_widget(key: str, default: str) -> None:
    """Call before the widget with this key is drawn; the widget itself gets no default."""
    if key not in st.session_state:
        st.session_state[key] = st.session_state.get(f"kept-{key}", default)


def remember_widget(key: str) -> None:
    """Call after it is drawn."""
    st.session_state[f"kept-{key}"] = st.session_state[key]


_KEY = "notices"


def tell(sentence: str) -> None:
    """Show a sentence on the next picture of the page."""
    st.session_state.setdefault(_KEY, []).append(sentence)


def show_notices() -> None:
    """Show what was told since the last picture, once."""
    for sentence in st.session_state.pop(_KEY, []):
        st.error(as_markdown(sentence))


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
