"""Below the findings: what Lung-RADS and Fleischner say, by the report's engine and its input."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from app.web.context import context
from app.web.notices import tell
from app.web.reading.refusal_words import refusal
from app.web.security.access import Reader
from app.web.security.identity import allowed
from app.web.words import Words
from medical.nodule.density_kinds import AGREED_PERCENT, NODULES
from medical.nodule.guidelines.assessment import (
    EXAMINATIONS,
    OLDEST_YEARS,
    SEXES,
    Demographics,
    Examination,
)
from medical.nodule.guidelines.engine import Guidance, Guidelines, Ruling
from medical.nodule.guidelines.rules import Fired
from medical.report.change.change import ChangeSince
from medical.report.guideline_input import guidelines_of
from medical.report.guideline_text import examination_line, ruling_text
from medical.report.words.labels import Labels
from medical.review.reading import ReadFinding, StudyReading
from medical.review.refusals import ReviewRefusedError
from medical.review.reviews import describe_examination
from medical.store.database import StoreUnavailableError

_RISKS = (None, "low", "high")


def guideline_panel(
    reading: StudyReading,
    findings: Sequence[ReadFinding],
    header: Demographics,
    change: ChangeSince | None,
    reader: Reader,
    words: Words,
) -> None:
    """Ask what the examination is, then show the examination's category and a line a nodule."""
    with st.expander(words("guidelines")):
        st.caption(words("guidelines_note"))
        _examination_fields(reading, header, reader, words)
        found = guidelines_of(findings, reading.examination, header, change)
        st.html(guideline_table(found, reading.examination, words))


def guideline_table(found: Guidelines, examination: Examination, words: Words) -> str:
    """Render the examination's category and the lines as HTML."""
    labels = Labels(words.language)
    line = html.escape(examination_line(found.examination, examination, labels))
    note = ""
    if any(row.density_by == "model" for row in found.rows):
        text = labels("density_note", agreed=AGREED_PERCENT, nodules=NODULES)
        note = f'<div class="starlung-note warning">{html.escape(text)}</div>'
    if not found.rows:
        return f'<div class="starlung-note">{line}</div>'
    head = "".join(
        f"<th>{words(title)}</th>" for title in ("col_number", "lung_rads", "fleischner")
    )
    body = "".join(_row(row, labels, words) for row in found.rows)
    return (
        f'<div class="starlung-note"><b>{line}</b></div>'
        f'<table class="starlung-guidelines"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>{note}"
    )


def _row(row: Guidance, labels: Labels, words: Words) -> str:
    state = "" if row.decided else f" <small>{words('verdict_open')}</small>"
    return (
        f"<tr><td>{row.finding_id}{state}</td><td>{_cell(row.lung_rads, labels)}</td>"
        f"<td>{_cell(row.fleischner, labels)}</td></tr>"
    )


def _cell(ruling: Ruling, labels: Labels) -> str:
    text = html.escape(ruling_text(ruling, labels))
    if not isinstance(ruling.result, Fired):
        return f"<small>{text}</small>"
    return f"<b>{text}</b><small>{html.escape(ruling.result.section)}</small>"


def _examination_fields(
    reading: StudyReading, header: Demographics, reader: Reader, words: Words
) -> None:
    entered, study = reading.examination, reading.study
    closed = study.status == "signed" or not reader.name
    # With the study's version in their keys the fields show what the store says after each change;
    # with the language, since a choice comes back from the browser as the words that it shows.
    fields = {
        name: f"examination-{name}-{study.key}-{study.version}-{words.language}"
        for name in ("kind", "age_years", "sex", "risk", "known_cancer", "immunosuppressed")
    }
    save = partial(_save, reading, fields, reader, words)
    kind, age, sex, risk, others = st.columns([4, 2, 2, 4, 3])
    kind.selectbox(
        words("examination"),
        EXAMINATIONS,
        index=None if entered.kind is None else EXAMINATIONS.index(entered.kind),
        format_func=lambda one: words(f"kind_{one}"),
        placeholder=words("kind_unknown"),
        key=fields["kind"],
        on_change=partial(save, "kind"),
        disabled=closed,
    )
    age.number_input(
        words("age"),
        0.0,
        float(OLDEST_YEARS),
        entered.age_years,
        step=1.0,
        format="%g",
        placeholder=_by_header(header.age_years, words),
        key=fields["age_years"],
        on_change=partial(save, "age_years"),
        disabled=closed,
    )
    sex.selectbox(
        words("sex"),
        SEXES,
        index=None if entered.sex is None else SEXES.index(entered.sex),
        format_func=lambda one: words(f"sex_{one}"),
        placeholder=_by_header(header.sex and words(f"sex_{header.sex}"), words),
        key=fields["sex"],
        on_change=partial(save, "sex"),
        disabled=closed,
    )
    risk.radio(
        words("risk"),
        _RISKS,
        index=_RISKS.index(entered.risk),
        format_func=lambda one: words(f"risk_{one or 'unknown'}"),
        horizontal=True,
        key=fields["risk"],
        on_change=partial(save, "risk"),
        disabled=closed,
    )
    with others:
        for name in ("known_cancer", "immunosuppressed"):
            st.checkbox(
                words(name),
                getattr(entered, name),
                key=fields[name],
                on_change=partial(save, name),
                disabled=closed,
            )


def _by_header(value: Any, words: Words) -> str:
    if value is None:
        return words("unknown")
    return words("by_header_is", value=f"{value:g}" if isinstance(value, float) else value)


def _save(
    reading: StudyReading, fields: dict[str, str], reader: Reader, words: Words, name: str
) -> None:
    allowed("decide")
    value = st.session_state[fields[name]]
    changed = Examination.model_validate({**reading.examination.model_dump(), name: value})
    try:
        describe_examination(
            context().store,
            reading.study.key,
            changed,
            seen_version=reading.study.version,
            actor=reader.name,
        )
    except ReviewRefusedError as error:
        tell(refusal(error, words))
    except StoreUnavailableError:
        tell(words("store_gone"))
