"""Sign a study, open it again, and take its report away: PDF with key images, text, CSV, JSON."""

from __future__ import annotations

import hashlib
import html
from functools import partial

import streamlit as st

from app.web.asked import steps_asked
from app.web.context import cards, context
from app.web.failures import not_saved
from app.web.reading.deciding.sign_dialog import next_button
from app.web.reading.taking_away.objects_panel import (
    NAMELESS,
    objects_as_zip,
    offers_objects,
    send_panel,
)
from app.web.reading.who_panel import may_see_identity
from app.web.security.browsers import holder
from app.web.security.identity import Reader, allowed, may
from app.web.session import tell
from app.web.words import gettext, page_language
from medical.errors import InputError
from medical.i18n.catalogue import Language
from medical.i18n.messages import message
from medical.i18n.moments import Moment
from medical.report.earlier.comparison import Comparison
from medical.report.files import report_file
from medical.report.objects.scored import scored_objects
from medical.report.objects.signed import signed_objects
from medical.report.who import says_who
from medical.review.reading import StudyReading, read_study
from medical.review.reviews import note_exported, reopen
from medical.review.signed_reports import signed_report
from medical.store.database import StoreUnavailableError
from medical.store.identities import identities_of
from medical.store.series import KeptSeries


def sign_panel(reading: StudyReading, reader: Reader) -> None:
    """Show the signature and the way on, or the button that asks for one."""
    study, asked = reading.study, steps_asked()
    if study.status == "signed" and study.signed_at is not None:
        signature = gettext(
            "Signed by {name}, {at}", name=study.signed_by, at=Moment.of(study.signed_at)
        )
        st.html(f'<div class="starlung-signed">{html.escape(signature)}</div>')
        next_button(study.key)
        if may(reader, "reopen"):
            st.button(
                gettext("Reopen"),
                on_click=asked.on_press(f"reopen {study.key}", partial(_reopen, study.key, reader)),
                width="stretch",
                disabled=not reader.name,
            )
        return
    st.button(
        gettext("Sign"),
        on_click=partial(asked.ask_to_sign, study.key),
        width="stretch",
        icon=":material/signature:",
        help=gettext("Completes the reading; nothing can be changed afterwards."),
        disabled=not reader.name,
    )


def _reopen(key: str, reader: Reader) -> None:
    allowed("reopen")
    store, asked = context().store, steps_asked()
    try:
        reopen(store, key, actor=reader.name)
        asked.written()
    except StoreUnavailableError as error:
        tell(not_saved(error))


_SAY_WHO = ("pdf", "txt")
_SIGNED_OBJECTS, _SCORED_OBJECTS = "signed.zip", "scored.zip"


def report_panel(
    reading: StudyReading,
    series: KeptSeries,
    comparison: Comparison | None,
    reader: Reader,
) -> None:
    """Show a button for each form of the report; it holds the comparison that the page shows."""
    language = page_language()
    st.subheader(gettext("Report"))
    if _signed(reading.study.key, series, "txt", language) is not None:
        st.caption(
            gettext(
                "The report as signed; later changes to an earlier CT or the model are "
                "not included."
            )
        )
    elif comparison is not None:
        st.caption(
            gettext(
                "Includes the change since {label}, as shown on this page.",
                label=comparison.prior.label,
            )
        )
    key = reading.study.key
    name = f"{reading.study.label}-report"
    forms = [
        ("PDF", "pdf", "application/pdf"),
        (gettext("Text"), "txt", "text/plain"),
        ("CSV", "csv", "text/csv"),
        ("JSON", "json", "application/json"),
    ]
    named = may_see_identity()  # objects name the patient
    if offers_objects(key):
        if reading.study.status == "signed":
            forms.append(("DICOM", _SIGNED_OBJECTS, "application/zip"))
        forms.append((gettext("DICOM as scored"), _SCORED_OBJECTS, "application/zip"))
    links = []
    browser = holder(dict(st.context.cookies))
    shown = (
        ""
        if comparison is None
        else f" {comparison.prior.study_key} {comparison.prior.folder.path}"
    )
    for label, ending, mime in forms:
        make = partial(_make, ending, key, series, comparison, reader, language, named)
        what = f"{key} {series.folder.path} {ending} {language}{shown} {reader.name}"
        what = hashlib.sha256(what.encode()).hexdigest()[:24]
        url = context().reports.url(what, f"{name}.{ending}", mime, make, holder=browser)
        links.append(f'<a class="starlung-report" href="{url}" download>{html.escape(label)}</a>')
    with st.container(key="starlung-reports"):  # with a key it is replaced, not drawn beside itself
        st.html(f'<div class="starlung-reports">{"".join(links)}</div>')
    send_panel(reading.study, reader)


def _make(
    form: str,
    key: str,
    series: KeptSeries,
    comparison: Comparison | None,
    reader: Reader,
    language: Language,
    named: bool,
) -> bytes:
    # Runs at the click, so it reads the store anew: the report holds what is decided by then.
    store = context().store
    actor = reader.name or NAMELESS
    if form == _SIGNED_OBJECTS:
        return objects_as_zip(signed_objects(store, key, actor=actor))
    if form == _SCORED_OBJECTS:
        return objects_as_zip(scored_objects(store, key, actor=actor, cards=cards()))
    content = _signed(key, series, form, language)
    if content is not None and not named and form in _SAY_WHO:
        _refuse_name(key, series, language)
    if content is None:
        reading = read_study(store, key)
        content = report_file(
            form, reading, series, comparison, language, store=store, cards=cards(), named=named
        )
    note_exported(store, key, actor=actor)
    return content


def _refuse_name(key: str, series: KeptSeries, language: Language) -> None:
    # What was signed cannot be changed: whoever may not see the name gets none of it.
    study, store = read_study(context().store, key).study, context().store
    identity = identities_of(store, [study.id]).get(study.id, {}).get(series.uid)
    text = (_signed(key, series, "txt", language) or b"").decode()
    if identity is not None and says_who(text, identity):
        raise InputError(
            "report",
            message("was signed with the patient's name, which may not be shown here now"),
            message("Ask the server's administrator for it"),
        )


def _signed(key: str, series: KeptSeries, form: str, language: Language) -> bytes | None:
    return signed_report(context().store, key, series_uid=series.uid, form=form, language=language)
