"""The audit trail, for administrators: who did what when, and whether the chain holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from app.web.clock import local_time
from app.web.context import context
from app.web.security.identity import Reader
from app.web.words import gettext, ngettext, words
from medical.i18n.messages import Message, message
from medical.review.decisions import unaccounted
from medical.review.signed_reports import changed_reports
from medical.store.audit import newest, verify
from medical.store.database import Store
from medical.store.tables import AuditEntry

_SHOWN = 200
_IN_SIGHT = 17  # rows of the table


def _when(entry: AuditEntry) -> str:
    """Return the time on the reader's clock; the entry itself, under its hash, holds UTC."""
    return local_time(datetime.fromisoformat(entry.at).timestamp())


_COLUMNS: tuple[tuple[Message, int, Callable[[AuditEntry], str | int]], ...] = (
    (message("No."), 64, lambda entry: entry.number),
    (message("When"), 148, _when),
    (message("Who"), 160, lambda entry: entry.actor),
    (message("What"), 84, lambda entry: entry.action),
    # a decision's entry ends in 32 digits of its hash
    (message("Study and finding"), 420, lambda entry: entry.subject),
)
"""Title, width in pixels (at least: what is left is shared out), and what stands there."""


def trail_page(reader: Reader) -> None:
    """Draw the page; ``reader`` is an administrator, others never get it."""
    store = context().store
    if st.button(gettext("Verify audit trail")):
        verification = verify(store)
        problem = verification.problem or _changed(store)
        if problem:
            st.error(gettext("The trail is broken: {problem}.", problem=problem))
        else:
            st.success(
                ngettext(
                    "{count} entry, intact. Last hash: {hash}",
                    "{count} entries, intact. Last hash: {hash}",
                    verification.entries,
                    hash=verification.last_hash,
                )
            )
            if last := verification.without_key:
                st.warning(
                    gettext(
                        "Entries up to number {last} have no key: an earlier version wrote them, "
                        "and they could have been altered until entry {next} sealed them.",
                        last=last,
                        next=last + 1,
                    )
                )
    entries = newest(store, _SHOWN)
    how_many = ngettext("The latest {count} entry.", "The latest {count} entries.", len(entries))
    scrolls = gettext("The table scrolls, down and across.") if len(entries) > _IN_SIGHT else ""
    st.caption(f"{how_many} {scrolls}".strip())
    titles = [words().translate(title) for title, _, _ in _COLUMNS]
    st.dataframe(
        [
            {title: cell(entry) for title, (_, _, cell) in zip(titles, _COLUMNS, strict=True)}
            for entry in entries
        ],
        column_config={
            title: st.column_config.Column(width=width)
            for title, (_, width, _) in zip(titles, _COLUMNS, strict=True)
        },
        hide_index=True,
        height=620,
    )


def _changed(store: Store) -> str:
    """Which decisions or signed reports are not what the trail says; empty where all are."""
    if rows := unaccounted(store):
        return gettext("decisions {rows} do not match the trail", rows=", ".join(map(str, rows)))
    if labels := changed_reports(store):
        return gettext(
            "the signed reports of {labels} do not match the trail",
            labels=", ".join(labels),
        )
    return ""
