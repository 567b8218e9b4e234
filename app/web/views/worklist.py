"""The worklist: what waits, what is scored, what is read; live, without a reload."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from functools import partial

import streamlit as st

from app.web.components.watch import watch
from app.web.context import context
from app.web.security.identity import Reader, allowed
from app.web.session import reading_link, tell
from app.web.views.intake_panel import intake_panel
from app.web.words import gettext, page_language, words
from medical.i18n.messages import Message, message
from medical.review.refusals import moment
from medical.review.terms import STATES, probability_interval_text, probability_text
from medical.review.worklist import count_by_status, worklist, worklist_change_token
from medical.scoring.failures import failure_text
from medical.store.queue import try_again
from medical.store.tables import SCORED, STATUSES, Status, Study

STAGES: dict[str, Message] = {
    "read": message("Read: find and decode the series"),
    "prepare": message("Prepare: resample and find the lungs"),
    "detect": message("Detect: search the lungs for nodules"),
    "refine": message("Refine: outline each candidate"),
    "measure": message("Measure: size, density, location"),
    "write": message("Write: findings and predictions"),
    "view": message("View: prepare the images"),
}
"""Stages of scoring in order; ``view`` prepares the images for the browser."""


def head_html() -> str:
    """Render the columns' headings."""
    titles = (
        gettext("State"),
        gettext("Highest probability, 95 %"),
        gettext("Findings"),
        gettext("Received, UTC"),
        gettext("Progress or note"),
    )
    cells = "".join(f"<span>{title}</span>" for title in titles)
    study = gettext("Study")
    return f'<div class="starlung-list-head"><span>{study}</span><div>{cells}</div></div>'


def row_html(study: Study) -> str:
    """State, strongest finding, number of findings, when it came, and what else there is to say."""
    state = words().among(STATES, study.status)
    cells = (
        f'<span class="starlung-state {study.status}">{state}</span>',
        f"<span>{_strongest(study)}</span>",
        f"<span>{study.findings if study.status in SCORED else '–'}</span>",
        f"<span>{_ago(study.received_at)}</span>",
        f'<span class="starlung-said">{_said(study)}</span>',
    )
    return f'<div class="starlung-row" data-study="{study.key}">{"".join(cells)}</div>'


def progress(study: Study) -> float:
    """Share of the whole scoring that is done, 0 to 1."""
    step = list(STAGES).index(study.stage) if study.stage in STAGES else 0
    return min(1.0, (step + study.fraction) / len(STAGES))


def _strongest(study: Study) -> str:
    if study.status not in SCORED:
        return "–"
    if study.findings == 0 or study.max_probability == 0:
        return gettext("none")
    strongest = html.escape(probability_text(study.max_probability))
    interval = html.escape(
        probability_interval_text(study.max_probability_low, study.max_probability_high)
    )
    return f"<b>{strongest}</b> <small>{interval}</small>"


def _said(study: Study) -> str:
    if study.status == "failed":
        return html.escape(failure_text(study.failure, page_language()))
    if study.status == "scoring":
        share = progress(study)
        stage = words().translate(STAGES.get(study.stage, STAGES["read"]))
        return (
            f'<span class="starlung-bar"><i style="width:{share:.0%}"></i></span>'
            f"{html.escape(stage)} · {share:.0%}"
        )
    if study.status == "signed" and study.signed_at is not None:
        at = moment(study.signed_at)
        return html.escape(gettext("Signed by {name}, {at}", name=study.signed_by, at=at))
    return ""


def _ago(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


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
    seen = worklist_change_token(store)
    _rows(reader, text or "", chosen)
    watch("worklist", partial(worklist_change_token, store), seen, seconds=_LOOK_AGAIN_SECONDS)


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
            sentence, again = st.columns([8, 1.4], vertical_alignment="center")
            sentence.html(row_html(study))
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
