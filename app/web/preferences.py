"""What a browser's reader chose last, so that a reload keeps it: language and, without login, name.

Held in the server's memory under the browser's key, and gone with the server.
"""

from __future__ import annotations

from collections import OrderedDict

import streamlit as st

from app.web.security.browser_key import holder

_MOST = 10_000
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
    while len(_known) > _MOST:
        _known.popitem(last=False)


def _browser() -> str:
    return holder(dict(st.context.cookies))
