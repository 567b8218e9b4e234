"""The worklist: what waits, what is scored, what is read; live, without a reload."""

from __future__ import annotations

from functools import partial

import streamlit as st

from app.web.components.watch import watch
from app.web.context import context
from app.web.links import reading_link
from app.web.notices import tell
from app.web.security.access import Reader
from app.web.security.identity import allowed
from app.web.words import gettext, words
from app.web.worklist.intake_panel import intake_panel
from app.web.worklist.worklist_rows import head_html, row_html
from medical.review.terms import STATES
from medical.review.worklist import count_by_status, standing, worklist
from medical.store.queue import try_again
from medical.store.tables import SCORED, STATUSES, Status, Study

PAGE_ROWS = 25
_LOOK_AGAIN_SECONDS = 2.0


def worklist_page(reader: Reader) -> None:
    """Draw the page."""
    with st.sidebar:
        intake_panel(reader)
    search, state = st.columns([2, 3], vertical_alignment="bottom")
    text = search.text_input(
        gettext("Search"),
        placeholder=gettext("label, UID, reader, comment or reason for failure"),
        key="search",
        icon=":material/search:",
    )
    chosen: list[Status] = state.pills(
        gettext("State"),
        STATUSES,
        selection_mode="multi",
        format_func=partial(words().among, STATES),
        key="states",
    )
    store = context().store
    seen = standing(store)
    _rows(reader, text or "", chosen)
    watch("worklist", partial(standing, store), seen, seconds=_LOOK_AGAIN_SECONDS)


def _rows(reader: Reader, text: str, chosen: list[Status]) -> None:
    store = context().store
    counts = count_by_status(store)
    studies = worklist(store, status=chosen, text=text)
    st.html(_counts(counts))
    if not studies:
        st.html(f'<div class="starlung-welcome"><b>{gettext("No studies found.")}</b></div>')
        return
    pages = (len(studies) + PAGE_ROWS - 1) // PAGE_ROWS
    page = 1
    if pages > 1:
        page = int(
            st.number_input(
                gettext("Page (of {pages})", pages=pages), 1, pages, 1, key="worklist-page"
            )
        )
    with st.container(key="starlung-worklist", gap=None):
        st.html(head_html())
        for study in studies[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]:
            _row(study, reader)


def _row(study: Study, reader: Reader) -> None:
    # Two elements a row: the link that opens it, and all the rest as one piece of HTML.
    lead, rest = st.columns([1, 9], vertical_alignment="center", gap="small")
    with lead:
        if study.status in SCORED:
            reading_link(study.key, study.label)
        else:
            st.html(f'<span class="starlung-label">{study.label}</span>')
    with rest:
        if study.status == "failed":
            said, again = st.columns([8, 1.4], vertical_alignment="center")
            said.html(row_html(study))
            if again.button(gettext("Score again"), key=f"again-{study.key}"):
                allowed("score_again")
                if not try_again(context().store, study.key, actor=reader.name):
                    tell(
                        gettext(
                            "{label} has already been queued again by another user.",
                            label=study.label,
                        )
                    )
                st.rerun()
        else:
            st.html(row_html(study))


def _counts(counts: dict[Status, int]) -> str:
    parts = [
        f'<span class="starlung-count"><b>{count}</b> {words().among(STATES, status)}</span>'
        for status, count in counts.items()
    ]
    return f'<div class="starlung-counts">{"".join(parts)}</div>'
