"""The worklist: what waits, what is scored, what is read; live, without a reload."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import streamlit as st

from app.web.asked import steps_asked
from app.web.clock import browser_zone
from app.web.components.watch import watch
from app.web.context import card_in_use, context
from app.web.failures import input_name
from app.web.reading.who_panel import may_see_identity, shown_identities
from app.web.security.identity import Reader
from app.web.session import reading_link
from app.web.views.intake_panel import intake_panel
from app.web.views.study_dialog import score_failed_again, study_dialog
from app.web.views.worklist_rows import head_html, row_html
from app.web.words import gettext, words
from medical.dicom.header.identity import Identity
from medical.review.terms import STATES
from medical.review.worklist import count_by_status, worklist, worklist_change_token
from medical.store.identities import scanners
from medical.store.series import other_models
from medical.store.tables import SCORED, STATUSES, Status, Study

PAGE_ROWS = 25
_LOOK_AGAIN_SECONDS = 2.0


def worklist_page(reader: Reader) -> None:
    """Draw the page."""
    with st.sidebar:
        intake_panel(reader)
    wanted = _filters()
    store = context().store
    seen = worklist_change_token(store)
    _rows(reader, wanted)
    watch("worklist", partial(worklist_change_token, store), seen, seconds=_LOOK_AGAIN_SECONDS)


def _filters() -> dict[str, Any]:
    """Draw the filters; returns what ``medical.review.worklist.worklist`` takes."""
    search, days, scanner, aside = st.columns([4, 3, 3, 1.6], vertical_alignment="bottom")
    text = search.text_input(
        gettext("Search"),
        placeholder=gettext("name, ID, label, UID, reader, comment, failure")
        if may_see_identity()
        else gettext("label, UID, reader, comment, failure"),
        key="search",
        icon=":material/search:",
    )
    chosen_days = days.date_input(gettext("Received from, to"), value=(), key="days")
    known = scanners(context().store)
    chosen_scanner = (
        scanner.selectbox(
            gettext("Scanner"), known, index=None, placeholder=gettext("all"), key="scanner"
        )
        if known
        else None
    )
    archived = aside.checkbox(gettext("Archived"), key="archived")
    status: list[Status] = st.pills(
        gettext("State"),
        STATUSES,
        selection_mode="multi",
        format_func=_counted(count_by_status(context().store)),
        key="states",
        label_visibility="collapsed",
    )
    return {
        "status": status,
        "text": text or "",
        "scanner": chosen_scanner or "",
        "received": _between(chosen_days),
        "archived": archived,
        "identities": may_see_identity(),
    }


def _counted(counts: dict[Status, int]) -> Any:
    return lambda status: f"{words().among(STATES, status)} {counts[status]}"


def _between(days: Sequence[date] | date | None) -> tuple[float, float] | None:
    """From the begin of the first day to the end of the last, by the reader's clock."""
    chosen = [days] if isinstance(days, date) else list(days or ())
    if not chosen:
        return None
    ends = (chosen[0], chosen[-1] + timedelta(days=1))
    first, last = (
        datetime(day.year, day.month, day.day, tzinfo=browser_zone()).timestamp() for day in ends
    )
    return first, last


def _rows(reader: Reader, wanted: dict[str, Any]) -> None:
    studies = worklist(context().store, **wanted)
    if not studies:
        none = not any(count_by_status(context().store).values())
        text = (
            gettext("No studies yet: add the sample or upload a CT")
            if none and not wanted["archived"]
            else gettext("No study matches")
        )
        st.html(f'<div class="starlung-welcome"><b>{text}</b></div>')
        return
    pages = (len(studies) + PAGE_ROWS - 1) // PAGE_ROWS
    page = 1
    if pages > 1:
        page = int(
            st.number_input(
                gettext("Page (of {pages})", pages=pages), 1, pages, 1, key="worklist-page"
            )
        )
    shown = studies[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    identities = shown_identities(shown)
    with st.container(key="starlung-worklist", gap=None):
        st.html(head_html())
        used = card_in_use()
        others = other_models(
            context().store, [study.id for study in shown], digest=used.digest if used else None
        )
        for study in shown:
            series = identities.get(study.id, {})
            note = _note(study, others.get(study.id, ()))
            _row(study, next(iter(series.values()), None), note, reader)


def _note(study: Study, scored_by: tuple[str, ...]) -> str:
    """Say which model scored it, or is to score it, where that is not the one in use."""
    if study.status == "failed":
        return input_name(study)
    names = scored_by if study.status in SCORED else ()
    if study.status not in SCORED and study.model not in ("", context().settings.model):
        names = (study.model,)
    return gettext("Model {name}", name=", ".join(names)) if names else ""


def _row(study: Study, identity: Identity | None, note: str, reader: Reader) -> None:
    # The link that opens it, all the rest as one piece of HTML, and what else can be done.
    failed, asked = study.status == "failed", steps_asked()
    lead, rest, *more = st.columns(
        [1, 7.4, 1.2, 0.4] if failed else [1, 8.6, 0.4], vertical_alignment="center", gap="small"
    )
    with lead:
        if study.status in SCORED:
            reading_link(study.key, study.label)
        else:
            st.html(f'<span class="starlung-label">{study.label}</span>')
    rest.html(row_html(study, identity, note=note))
    if failed:
        more[0].button(
            gettext("Score again"),
            key=f"again-{study.key}",
            on_click=asked.on_press(
                f"again {study.key}", partial(score_failed_again, study, reader)
            ),
        )
    more[-1].button(
        ":material/more_horiz:",
        key=f"more-{study.key}",
        help=gettext("Archive, delete, cancel, score again: {label}", label=study.label),
        type="tertiary",
        on_click=partial(asked.manage, study.key),
    )
    if asked.managing == study.key:
        study_dialog(study, reader)
