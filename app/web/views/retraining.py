"""The retraining page, for administrators: what readers decided and no training has seen."""

from __future__ import annotations

import shlex

import streamlit as st
from sqlalchemy.engine import make_url

from app.web.context import context
from app.web.owner.models_at_hand import card_in_use
from app.web.security.access import Reader
from app.web.words import Words
from medical.plain_text import as_markdown
from medical.review.reviewed import Waiting, reviewed_findings, waiting


def retraining_page(reader: Reader, words: Words) -> None:
    """Draw the page; ``reader`` is an administrator, others never get it."""
    card = card_in_use()
    name = context().settings.model
    if card is None:
        st.error(words("no_model", name=as_markdown(name)))
        return
    queue = waiting(reviewed_findings(context().store), seen=card.scans_seen_in_training)
    st.html(_counts(queue, words))
    st.caption(words("waiting_note", model=as_markdown(f"{card.name} {card.version}")))
    st.subheader(words("retrain_how"))
    st.code(retrain_command(context().settings.address_of_store(), card.name), language="bash")
    st.caption(words("retrain_note"))


def retrain_command(store_url: str, model: str) -> str:
    """Word the command; an address with a password stays in the variable that it came from."""
    secret = make_url(store_url).password is not None
    cases = '"$STARLUNG_STORE_URL"' if secret else shlex.quote(store_url)
    return f"starlung retrain --cases {cases} --from {shlex.quote(model)} --out RETRAINED"


def _counts(queue: Waiting, words: Words) -> str:
    cells = (
        ("waiting_findings", queue.findings),
        ("waiting_studies", queue.studies),
        ("waiting_confirmed", queue.confirmed),
        ("waiting_added", queue.added),
        ("waiting_rejected", queue.rejected),
    )
    figures = "".join(
        f'<div class="starlung-figure"><b>{count}</b><small>{words(name)}</small></div>'
        for name, count in cells
    )
    return f'<div class="starlung-figures">{figures}</div>'
