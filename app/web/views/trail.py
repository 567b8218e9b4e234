"""The audit trail, for administrators: who did what when, and whether the chain holds."""

from __future__ import annotations

import streamlit as st

from app.web.context import context
from app.web.security.access import Reader
from app.web.words import Words
from medical.review.decisions import unaccounted
from medical.review.signed_reports import changed_reports
from medical.store.audit import newest, verify
from medical.store.database import Store

_SHOWN = 200
_WIDTHS_PX = {
    "col_number": 64,
    "col_when": 148,
    "col_who": 160,
    "col_action": 84,
    "col_subject": 420,  # a decision's entry ends in 32 digits of its hash
}
"""At least; what is left is shared out."""


def trail_page(reader: Reader, words: Words) -> None:
    """Draw the page; ``reader`` is an administrator, others never get it."""
    store = context().store
    if st.button(words("trail_check")):
        found = verify(store)
        problem = found.problem or _changed(store, words)
        if problem:
            st.error(words("trail_broken", problem=problem))
        else:
            st.success(words("trail_whole", count=found.entries, hash=found.last_hash))
            if last := found.without_key:
                st.warning(words("trail_without_key", last=last, next=last + 1))
    st.dataframe(
        [
            {
                words("col_number"): entry.number,
                words("col_when"): entry.at[:19].replace("T", " "),
                words("col_who"): entry.actor,
                words("col_action"): entry.action,
                words("col_subject"): entry.subject,
            }
            for entry in newest(store, _SHOWN)
        ],
        column_config={
            words(name): st.column_config.Column(width=width) for name, width in _WIDTHS_PX.items()
        },
        hide_index=True,
        height=620,
    )
    st.caption(words("trail_shown", count=_SHOWN))


def _changed(store: Store, words: Words) -> str:
    """Which decisions or signed reports are not what the trail says; empty where all are."""
    if rows := unaccounted(store):
        return words("trail_decisions", rows=", ".join(map(str, rows)))
    if labels := changed_reports(store):
        return words("trail_reports", labels=", ".join(labels))
    return ""
