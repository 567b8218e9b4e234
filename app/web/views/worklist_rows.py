"""One line of the worklist as HTML: state, strongest finding, when it came, who it is, how far."""

from __future__ import annotations

import html

from app.web.clock import local_time
from app.web.words import gettext, page_language, words
from medical.dicom.header.identity import Identity
from medical.i18n.messages import Message, message
from medical.report.who import identity_lines
from medical.review.interval_text import probability_interval_text, probability_text
from medical.review.terms import STATES
from medical.scoring.failures import failure_text
from medical.store.tables import SCORED, Study

STAGES: dict[str, Message] = {
    "read": message("Read: find and decode the series"),
    "prepare": message("Prepare: resample and find the lungs"),
    "detect": message("Detect: search the lungs for nodules"),
    "refine": message("Refine: outline each candidate"),
    "measure": message("Measure: size, density, location"),
    "explain": message("Explain: attention maps of the findings"),
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
        gettext("Received"),
        gettext("Patient and study; progress or note"),
    )
    cells = "".join(f"<span>{title}</span>" for title in titles)
    study = gettext("Study")
    return f'<div class="starlung-list-head"><span>{study}</span><div>{cells}</div></div>'


def row_html(study: Study, identity: Identity | None = None, *, note: str = "") -> str:
    """Render a study's line without its link.

    Args:
        study: the study.
        identity: who is on it, as far as this reader may see.
        note: of its input or model, behind what its state says.
    """
    state = words().among(STATES, study.status)
    cells = (
        f'<span class="starlung-state {study.status}">{state}</span>',
        f"<span>{_strongest(study)}</span>",
        f"<span>{study.findings if study.status in SCORED else '–'}</span>",
        f"<span>{local_time(study.received_at)}</span>",
        f'<span class="starlung-said">{_who(identity)}{_said(study)}{_small(note)}</span>',
    )
    return f'<div class="starlung-row" data-study="{study.key}">{"".join(cells)}</div>'


def progress(study: Study) -> float:
    """Share of the whole scoring that is done, 0 to 1."""
    step = list(STAGES).index(study.stage) if study.stage in STAGES else 0
    return min(1.0, (step + study.fraction) / len(STAGES))


def _strongest(study: Study) -> str:
    if study.status not in SCORED:
        return "–"
    if study.findings == 0 or study.max_probability == 0:
        return gettext("none")
    strongest = html.escape(probability_text(study.max_probability))
    interval = html.escape(
        probability_interval_text(study.max_probability_low, study.max_probability_high)
    )
    return f"<b>{strongest}</b> <small>({interval})</small>"


def _who(identity: Identity | None) -> str:
    if identity is None:
        return ""
    lines = identity_lines(identity, words())
    rest = html.escape(" · ".join(lines).removeprefix(identity.name))
    name = f"<b>{html.escape(identity.name)}</b>"
    return f'<span class="starlung-whose">{name}<small>{rest}</small></span>'


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
        at = local_time(study.signed_at)
        return html.escape(gettext("Signed by {name}, {at}", name=study.signed_by, at=at))
    return ""


def _small(text: str) -> str:
    return f" <small>{html.escape(text)}</small>" if text else ""
