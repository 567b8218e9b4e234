"""Has the browser look whether what a page shows has changed, and draw the page again if so.

Streamlit's own way, a fragment run every few seconds, is not taken: each look of each browser is a
run of the script. And one that is asked for in the moment in which another run ends makes
Streamlit 1.67 forget what that run had not sent yet (``AppSession`` ignores events of any runner
but the newest): what the reader had just done never showed. Here a look is a request that the
server answers from the store, and only a change asks for a run, of the whole page.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import streamlit as st

from app.web.context import context
from app.web.routes.changes import ReadState
from app.web.security.browsers import holder
from app.web.words import gettext

_SCRIPT = Path(__file__).with_name("watch.js").read_text("utf-8")


def watch(
    name: str, read_state: ReadState, seen: str | int, *, seconds: float, ask: bool = False
) -> None:
    """Run the page again once the state is another than ``seen``.

    Args:
        name: of what is watched.
        read_state: returns how things stand.
        seen: what it returned before the page read what it shows, so that no change slips between.
        seconds: between two looks.
        ask: the reader is told of the change, and asked before the page runs; else it runs at
            once.
    """
    name = hashlib.sha256(name.encode()).hexdigest()[:16]  # no path may stand in a page
    browser = holder(dict(st.context.cookies))
    question = [gettext("This study was changed in another window."), gettext("Show")]
    gone = [
        gettext("The server cannot be reached"),
        gettext(
            "What was saved is safe. This page goes on by itself as soon as the server answers; if "
            "it does not, ask the server's administrator."
        ),
    ]
    component = st.components.v2.component("starlung_watch", js=_SCRIPT, isolate_styles=False)
    component(
        key=f"watch-{name}",
        data={
            "address": context().changes.url(name, read_state, holder=browser),
            "seen": str(seen),
            "seconds": seconds,
            "said": question if ask else None,
            "gone": gone,
        },
        on_changed_change=lambda: None,
    )
