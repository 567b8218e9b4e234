"""Sign a study, see that it is signed, or (administrators) open it again."""

from __future__ import annotations

import html
from functools import partial

import streamlit as st

from app.web.access import Reader, may
from app.web.context import context
from app.web.identity import allowed
from app.web.notices import tell
from app.web.refusal_words import refusal
from app.web.words import Words
from medical.store.database import StoreUnavailableError
from medical.store.reading import StudyReading
from medical.store.refusals import ReviewRefusedError, moment
from medical.store.reviews import reopen, sign


def sign_panel(reading: StudyReading, reader: Reader, words: Words) -> None:
    """Show the signature or the button for it."""
    study = reading.study
    if study.status == "signed" and study.signed_at is not None:
        said = words("signed_by", name=study.signed_by, at=moment(study.signed_at))
        st.html(f'<div class="starlung-signed">{html.escape(said)}</div>')
        if may(reader, "reopen"):
            st.button(
                words("reopen"),
                on_click=partial(_reopen, study.key, reader, words),
                width="stretch",
                disabled=not reader.name,
            )
        return
    st.button(
        words("sign"),
        on_click=partial(_sign, study.key, study.version, reader, words),
        width="stretch",
        icon=":material/signature:",
        help=words("sign_help"),
        disabled=not reader.name,
    )


def _sign(key: str, seen_version: int, reader: Reader, words: Words) -> None:
    try:
        allowed("sign")
        sign(context().store, key, seen_version=seen_version, actor=reader.name)
    except ReviewRefusedError as error:
        tell(refusal(error, words))
    except StoreUnavailableError:
        tell(words("store_gone"))


def _reopen(key: str, reader: Reader, words: Words) -> None:
    allowed("reopen")
    try:
        reopen(context().store, key, actor=reader.name)
    except StoreUnavailableError:
        tell(words("store_gone"))
