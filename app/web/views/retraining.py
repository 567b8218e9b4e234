"""The retraining page, for administrators: what readers decided and no training has seen."""

from __future__ import annotations

import shlex

import streamlit as st
from sqlalchemy.engine import make_url

from app.web.context import card_in_use, context
from app.web.security.identity import Reader
from app.web.words import gettext
from medical.plain_text import as_markdown
from medical.review.reviewed import Waiting, reviewed_findings, waiting


def retraining_page(reader: Reader) -> None:
    """Draw the page; ``reader`` is an administrator, others never get it."""
    card = card_in_use()
    name = context().settings.model
    if card is None:
        st.error(
            gettext(
                "There is no model called {name} on this machine. See `starlung models list`.",
                name=as_markdown(name),
            )
        )
        return
    queue = waiting(reviewed_findings(context().store), seen=card.scans_seen_in_training)
    st.html(_counts(queue))
    st.caption(
        gettext(
            "Counts decisions in signed studies whose scans {model} was not trained "
            "on; studies that are not signed are excluded.",
            model=as_markdown(f"{card.name} {card.version}"),
        )
    )
    st.subheader(gettext("Retrain on them"))
    st.code(retrain_command(context().settings.address_of_store(), card.name), language="bash")
    st.caption(
        gettext(
            "Run this on this machine. Accepted, remeasured and added findings of "
            "signed studies are the reference, rejected findings are hard negatives; "
            "the new model is installed only if it is not worse on held-out scans."
        )
    )


def retrain_command(store_url: str, model: str) -> str:
    """Word the command; an address with a password stays in the variable that it came from."""
    secret = make_url(store_url).password is not None
    cases = '"$STARLUNG_STORE_URL"' if secret else shlex.quote(store_url)
    return f"starlung retrain --cases {cases} --from {shlex.quote(model)} --out RETRAINED"


def _counts(queue: Waiting) -> str:
    cells = (
        (gettext("Reviewed findings waiting"), queue.findings),
        (gettext("in signed studies"), queue.studies),
        (gettext("confirmed findings"), queue.confirmed),
        (gettext("added by readers"), queue.added),
        (gettext("rejected findings"), queue.rejected),
    )
    figures = "".join(
        f'<div class="starlung-figure"><b>{count}</b><small>{name}</small></div>'
        for name, count in cells
    )
    return f'<div class="starlung-figures">{figures}</div>'
