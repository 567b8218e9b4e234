"""One study of the worklist as a line of HTML; every text from outside is escaped."""

from __future__ import annotations

import html
from datetime import UTC, datetime

from app.web.words import gettext, page_language, words
from medical.i18n.messages import Message, message
from medical.report.numbers import probability_interval_text, probability_text
from medical.review.refusals import moment
from medical.review.terms import STATES
from medical.scoring.failures import failure_text
from medical.store.tables import SCORED, Study

STAGES: dict[str, Message] = {
    "read": message("Read: find and decode the series"),
    "prepare": message("Prepare: resample and find the lungs"),
    "detect": message("Detect: search the lungs for nodules"),
    "refine": message("Refine: outline each candidate"),
    "measure": message("Measure: size, density, location"),
    "write": message("Write: findings and predictions"),
    "view": message("View: prepare the images"),
}
"""Stages of scoring in order; ``view`` prepares the images for the browser."""


def head_html() -> str:
    """Render the columns' headings."""
    titles = (
        gettext("State"),
        gettext("Highest probability, 95 %"),
        gettext("Findings"),
        gettext("Received, UTC"),
        gettext("Progress or note"),
    )
    cells = "".join(f"<span>{title}</span>" for title in titles)
    study = gettext("Study")
    return f'<div class="starlung-list-head"><span>{study}</span><div>{cells}</div></div>'


def row_html(study: Study) -> str:
    """State, strongest finding, number of findings, when it came, and what else there is to say."""
    state = words().among(STATES, study.status)
    cells = (
        f'<span class="starlung-state {study.status}">{state}</span>',
        f"<span>{_strongest(study)}</span>",
        f"<span>{study.findings if study.status in SCORED else '–'}</span>",
        f"<span>{_ago(study.received_at)}</span>",
        f'<span class="starlung-said">{_said(study)}</span>',
    )
    return f'<div class="starlung-row" data-study="{study.key}">{"".join(cells)}</div>'


def progress(study: Study) -> float:
    """Share of the whole scoring that is done, 0 to 1."""
    step = list(STAGES).index(study.stage) if study.stage in STAGES else 0
    return min(1.0, (step + study.fraction) / len(STAGES))


def _strongest(study: Study) -> str:
    if study.status not in SCORED:
        return "–"
    if study.findings == 0 or study.priority == 0:
        return gettext("none")
    strongest = html.escape(probability_text(study.priority))
    interval = html.escape(probability_interval_text(study.priority_low, study.priority_high))
    return f"<b>{strongest}</b> <small>{interval}</small>"


def _said(study: Study) -> str:
    if study.status == "failed":
        return html.escape(failure_text(study.failure, page_language()))
    if study.status == "scoring":
        share = progress(study)
        stage = words().translate(STAGES.get(study.stage, STAGES["read"]))
        return (
            f'<span class="starlung-bar"><i style="width:{share:.0%}"></i></span>'
            f"{html.escape(stage)} · {share:.0%}"
        )
    if study.status == "signed" and study.signed_at is not None:
        at = moment(study.signed_at)
        return html.escape(gettext("Signed by {name}, {at}", name=study.signed_by, at=at))
    return ""


def _ago(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
