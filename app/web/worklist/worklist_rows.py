"""One study of the worklist as a line of HTML; every text from outside is escaped."""

from __future__ import annotations

import html
from datetime import UTC, datetime

from app.web.words import Words
from medical.report.numbers import probability_interval_text, probability_text
from medical.review.refusals import moment
from medical.store.tables import SCORED, Study

STAGES = ("read", "prepare", "detect", "refine", "measure", "write", "view")
"""Stages of scoring in order; ``view`` prepares the images for the browser."""


def head_html(words: Words) -> str:
    """Render the columns' headings."""
    titles = ("col_state", "col_strongest", "col_findings", "col_received", "col_note")
    cells = "".join(f"<span>{words(title)}</span>" for title in titles)
    return (
        f'<div class="starlung-list-head"><span>{words("col_study")}</span><div>{cells}</div></div>'
    )


def row_html(study: Study, words: Words) -> str:
    """State, strongest finding, number of findings, when it came, and what else there is to say."""
    cells = (
        f'<span class="starlung-state {study.status}">{words(f"state_{study.status}")}</span>',
        f"<span>{_strongest(study, words)}</span>",
        f"<span>{study.findings if study.status in SCORED else '–'}</span>",
        f"<span>{_ago(study.received_at)}</span>",
        f'<span class="starlung-said">{_said(study, words)}</span>',
    )
    return f'<div class="starlung-row" data-study="{study.key}">{"".join(cells)}</div>'


def progress(study: Study) -> float:
    """Share of the whole scoring that is done, 0 to 1."""
    step = STAGES.index(study.stage) if study.stage in STAGES else 0
    return min(1.0, (step + study.fraction) / len(STAGES))


def _strongest(study: Study, words: Words) -> str:
    if study.status not in SCORED:
        return "–"
    if study.findings == 0 or study.priority == 0:
        return words("none")
    strongest = html.escape(probability_text(study.priority))
    interval = html.escape(probability_interval_text(study.priority_low, study.priority_high))
    return f"<b>{strongest}</b> <small>{interval}</small>"


def _said(study: Study, words: Words) -> str:
    if study.status == "failed":
        return html.escape(study.failure)
    if study.status == "scoring":
        share = progress(study)
        stage = words(f"stage_{study.stage}") if study.stage in STAGES else words("stage_read")
        return (
            f'<span class="starlung-bar"><i style="width:{share:.0%}"></i></span>'
            f"{html.escape(stage)} · {share:.0%}"
        )
    if study.status == "signed" and study.signed_at is not None:
        at = moment(study.signed_at)
        return html.escape(words("signed_by", name=study.signed_by, at=at))
    return ""


def _ago(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
