"""Sign a study, see that it is signed, or (administrators) open it again."""

from __future__ import annotations

import html
import time
from functools import partial

import streamlit as st

from app.web.context import context
from app.web.reading.prior_panel import Comparison
from app.web.routes.report_files import files_to_sign
from app.web.security.access import Reader, may
from app.web.security.identity import allowed
from app.web.session import tell
from app.web.words import error_text, gettext, words
from medical.errors import InputError
from medical.review.reading import StudyReading
from medical.review.refusals import ReviewRefusedError, moment
from medical.review.reviews import reopen, sign
from medical.store.database import StoreUnavailableError
from medical.store.series import KeptSeries


def sign_panel(
    reading: StudyReading,
    series: KeptSeries,
    comparison: Comparison | None,
    reader: Reader,
) -> None:
    """Show the signature or the button for it.

    Args:
        reading: what would be signed.
        series: that is shown.
        comparison: with an earlier CT, as the page shows it: the signed report holds it.
        reader: who would sign.
    """
    study = reading.study
    if study.status == "signed" and study.signed_at is not None:
        said = gettext("Signed by {name}, {at}", name=study.signed_by, at=moment(study.signed_at))
        st.html(f'<div class="starlung-signed">{html.escape(said)}</div>')
        if may(reader, "reopen"):
            st.button(
                gettext("Open again"),
                on_click=partial(_reopen, study.key, reader),
                width="stretch",
                disabled=not reader.name,
            )
        return
    st.button(
        gettext("Sign"),
        on_click=partial(_sign, reading, series, comparison, reader),
        width="stretch",
        icon=":material/signature:",
        help=gettext("Completes the reading; nothing can be changed afterwards."),
        disabled=not reader.name,
    )


def _sign(
    reading: StudyReading,
    series: KeptSeries,
    comparison: Comparison | None,
    reader: Reader,
) -> None:
    at, study = time.time(), reading.study
    try:
        allowed("sign")
        # Made before the store is locked; if anybody decides meanwhile, nothing is signed.
        report = files_to_sign(reading, series, comparison, actor=reader.name, at=at)
        sign(
            context().store,
            study.key,
            seen_version=study.version,
            actor=reader.name,
            at=at,
            report=report,
        )
    except ReviewRefusedError as error:
        tell(words().translate(error.sentence))
    except StoreUnavailableError:
        tell(
            gettext(
                "Not saved: the database cannot be reached or written. Your entries are "
                "kept; try again in a moment, or contact the server's administrator."
            )
        )
    except InputError as error:
        tell(gettext("Not signed: {problem}", problem=error_text(error)))


def _reopen(key: str, reader: Reader) -> None:
    allowed("reopen")
    try:
        reopen(context().store, key, actor=reader.name)
    except StoreUnavailableError:
        tell(
            gettext(
                "Not saved: the database cannot be reached or written. Your entries are "
                "kept; try again in a moment, or contact the server's administrator."
            )
        )
