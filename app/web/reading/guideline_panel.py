"""Below the findings: what Lung-RADS and Fleischner say, by the report's engine and its input."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from app.web.asked import steps_asked
from app.web.context import context
from app.web.failures import not_saved
from app.web.security.identity import Reader, allowed
from app.web.session import tell
from app.web.words import gettext, page_language, words
from medical.i18n.catalogue import Translator
from medical.nodule.guidelines.assessment import (
    EXAMINATIONS,
    MAX_AGE_YEARS,
    Demographics,
    Examination,
)
from medical.nodule.guidelines.engine import Guidance, Guidelines, Ruling
from medical.nodule.guidelines.rules import Fired
from medical.report.content import guidelines_of
from medical.report.earlier.change import ChangeSince
from medical.report.guidelines import density_note, examination_line, ruling_text
from medical.review import terms
from medical.review.reading import ReadFinding, StudyReading, read_study
from medical.review.refusals import (
    ChangedMeanwhileError,
    DeletedError,
    ReviewRefusedError,
)
from medical.review.reviews import describe_examination
from medical.store.database import StoreUnavailableError

_RISKS = (None, "low", "high")


def guideline_panel(
    reading: StudyReading,
    findings: Sequence[ReadFinding],
    header: Demographics,
    change: ChangeSince | None,
    reader: Reader,
) -> None:
    """Ask what the examination is, then show the examination's category and a line a nodule."""
    with st.expander(gettext("Guidelines: Lung-RADS and Fleischner")):
        st.caption(
            gettext(
                "Lung-RADS v2022 and Fleischner 2017, as in the report. Rejected "
                "findings are excluded; a reader's diameter and density take precedence "
                "over the model's. Until the type of examination is entered, Lung-RADS "
                "assumes a first screening CT and Fleischner an incidental finding. Not "
                "a recommendation."
            )
        )
        _examination_fields(reading, header, reader)
        guidelines = guidelines_of(findings, reading.examination, header, change)
        st.html(guideline_table(guidelines, reading.examination))


def guideline_table(guidelines: Guidelines, examination: Examination) -> str:
    """Render the examination's category and the lines as HTML."""
    labels = words()
    line = html.escape(examination_line(guidelines.examination, examination, labels))
    note = ""
    if any(row.density_by == "model" for row in guidelines.rows):
        text = density_note(labels)
        note = f'<div class="starlung-note warning">{html.escape(text)}</div>'
    if not guidelines.rows:
        return f'<div class="starlung-note">{line}</div>'
    titles = (gettext("No."), "Lung-RADS v2022", "Fleischner 2017")
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "".join(_row(row, labels) for row in guidelines.rows)
    return (
        f'<div class="starlung-note"><b>{line}</b></div>'
        f'<table class="starlung-guidelines"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>{note}"
    )


def _row(row: Guidance, labels: Translator) -> str:
    state = "" if row.decided else f" <small>{gettext('not decided')}</small>"
    return (
        f"<tr><td>{row.finding_id}{state}</td><td>{_cell(row.lung_rads, labels)}</td>"
        f"<td>{_cell(row.fleischner, labels)}</td></tr>"
    )


def _cell(ruling: Ruling, labels: Translator) -> str:
    text = html.escape(ruling_text(ruling, labels))
    if not isinstance(ruling.result, Fired):
        return f"<small>{text}</small>"
    return f"<b>{text}</b><small>{html.escape(ruling.result.section)}</small>"


def _examination_fields(reading: StudyReading, header: Demographics, reader: Reader) -> None:
    entered, study = reading.examination, reading.study
    closed = study.status == "signed" or not reader.name
    # With the study's version in their keys the fields show what the store says after each change;
    # with the language, since a choice comes back from the browser as the words that it shows.
    fields = {
        name: f"examination-{name}-{study.key}-{study.version}-{page_language()}"
        for name in ("kind", "age_years", "sex", "risk", "known_cancer", "immunosuppressed")
    }
    ask = steps_asked().note

    def save_as_entered(name: str) -> Callable[[], None]:
        return partial(ask, partial(_save, reading, fields[name], reader, name))

    kind, age, sex, risk, others = st.columns([4, 2, 2, 4, 3])
    kind.selectbox(
        gettext("Examination"),
        EXAMINATIONS,
        index=None if entered.kind is None else EXAMINATIONS.index(entered.kind),
        format_func=partial(words().among, terms.EXAMINATION_KINDS),
        placeholder=gettext("not entered; assumed to be a first screening CT"),
        key=fields["kind"],
        on_change=save_as_entered("kind"),
        disabled=closed,
    )
    age.number_input(
        gettext("Age in years"),
        0.0,
        float(MAX_AGE_YEARS),
        entered.age_years,
        step=1.0,
        format="%g",
        placeholder=_by_header(header.age_years),
        key=fields["age_years"],
        on_change=save_as_entered("age_years"),
        disabled=closed,
    )
    sex.selectbox(
        gettext("Sex"),
        tuple(terms.SEXES),
        index=None if entered.sex is None else tuple(terms.SEXES).index(entered.sex),
        format_func=partial(words().among, terms.SEXES),
        placeholder=_by_header(header.sex and words().among(terms.SEXES, header.sex)),
        key=fields["sex"],
        on_change=save_as_entered("sex"),
        disabled=closed,
    )
    risk.radio(
        gettext("Risk of lung cancer"),
        _RISKS,
        index=_RISKS.index(entered.risk),
        format_func=partial(words().among, terms.RISKS),
        horizontal=True,
        key=fields["risk"],
        on_change=save_as_entered("risk"),
        disabled=closed,
    )
    with others:
        for name, title in (
            ("known_cancer", gettext("Known cancer")),
            ("immunosuppressed", gettext("Immunosuppressed")),
        ):
            st.checkbox(
                title,
                getattr(entered, name),
                key=fields[name],
                on_change=save_as_entered(name),
                disabled=closed,
            )


def _by_header(value: Any) -> str:
    if value is None:
        return gettext("not known")
    return gettext("{value} (header)", value=f"{value:g}" if isinstance(value, float) else value)


def _save(reading: StudyReading, field: str, reader: Reader, name: str) -> None:
    """Save one answer; the others stay as they are by then, for two may be given in one breath."""
    allowed("decide")
    shared, asked = context(), steps_asked()
    if field not in st.session_state:
        return
    value = st.session_state[field]
    try:
        now = _read_again(reading.study.key)
        shown, entered = reading.examination.model_dump(), now.examination.model_dump()
        if entered[name] == value:
            return
        if entered[name] != shown[name]:
            raise ChangedMeanwhileError
        describe_examination(
            shared.store,
            reading.study.key,
            Examination.model_validate({**entered, name: value}),
            seen_version=now.study.version,
            actor=reader.name,
        )
        asked.written()
    except (ReviewRefusedError, StoreUnavailableError) as error:
        tell(not_saved(error))


def _read_again(key: str) -> StudyReading:
    try:
        return read_study(context().store, key)
    except KeyError:
        raise DeletedError from None
