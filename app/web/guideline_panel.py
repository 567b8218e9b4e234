"""Below the findings: what Lung-RADS and Fleischner say about each, and which rule fired."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import cast

import streamlit as st

from app.web.words import Words
from medical.detection.findings import Finding
from medical.nodule.fleischner import Patient, Risk
from medical.nodule.guidelines import Guidance, guidance
from medical.nodule.rules import Fired, RuleResult
from medical.store.reading import ReadFinding

_OLDEST = 120
_RISKS = (None, "low", "high")


def guideline_panel(series: str, findings: Sequence[ReadFinding], words: Words) -> None:
    """Ask what the guidelines need to know, then show a line for each finding of the model."""
    measured = [one.measured for one in findings if isinstance(one.measured, Finding)]
    if not measured:
        return
    with st.expander(words("guidelines")):
        st.caption(words("guidelines_note"))
        patient = _patient(series, words)
        st.html(guideline_table(guidance(measured, patient), words))


def guideline_table(rows: list[Guidance], words: Words) -> str:
    """The lines as HTML."""
    head = "".join(
        f"<th>{words(title)}</th>" for title in ("col_number", "lung_rads", "fleischner")
    )
    body = "".join(
        f"<tr><td>{row.finding_id}</td><td>{_said(row.lung_rads)}</td>"
        f"<td>{_said(row.fleischner)}</td></tr>"
        for row in rows
    )
    return (
        f'<table class="starlung-guidelines"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _patient(series: str, words: Words) -> Patient:
    age, risk, others = st.columns(3)
    years = age.number_input(words("age"), 0, _OLDEST, value=None, step=1, key=f"age-{series}")
    chosen = risk.radio(
        words("risk"),
        _RISKS,
        format_func=lambda one: words(f"risk_{one or 'unknown'}"),
        horizontal=True,
        key=f"risk-{series}",
    )
    with others:
        cancer = st.checkbox(words("known_cancer"), key=f"cancer-{series}")
        suppressed = st.checkbox(words("immunosuppressed"), key=f"suppressed-{series}")
    return Patient(
        age_years=years,
        risk=cast("Risk | None", chosen),
        known_cancer=cancer,
        immunosuppressed=suppressed,
    )


def _said(result: RuleResult) -> str:
    if isinstance(result, Fired):
        where = html.escape(f"{result.rule} · {result.section}")
        return f"<b>{html.escape(result.category)}</b><small>{where}</small>"
    return f"<small>{html.escape(result.reason)}</small>"
