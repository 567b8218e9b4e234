"""The drift page, for administrators: are the latest studies like the calibration set."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from app.web.context import card_in_use, context
from app.web.security.identity import Reader
from app.web.views.plots import scores_plot, show_plot
from app.web.words import gettext, ngettext, words
from medical.evaluation.site_monitoring import UNKNOWN, Fact, Scores, compare_facts, compare_scores
from medical.i18n.messages import Message, message
from medical.plain_text import as_markdown
from medical.results.search import result_folders
from medical.review.interval_text import interval_text
from medical.store.series import latest_scored, other_models
from medical.store.tables import Study
from models.zoo.card import CalibrationScan, ModelCard

_CHOICES = (20, 50, 100, 200)
_FACTS: dict[str, Message] = {
    "scanner": message("Scanner"),
    "kernel": message("Kernel"),
    "slice_thickness": message("Slice thickness"),
}


def drift_page(reader: Reader) -> None:
    """Draw the page; ``reader`` is an administrator, others never get it."""
    card = card_in_use()
    if card is None:
        st.error(
            gettext(
                "There is no model called {name} on this machine. See `starlung models list`.",
                name=as_markdown(context().settings.model),
            )
        )
        return
    count = st.segmented_control(
        gettext("Latest studies to compare"), _CHOICES, default=_CHOICES[1], key="latest"
    )
    studies = latest_scored(context().store, count or _CHOICES[1])
    if not studies:
        st.info(gettext("No study has been scored yet."))
        return
    latest = _read(_folders_of(studies, card))
    if not latest:
        return
    if not card.calibration_scans:
        st.info(
            gettext(
                "The model card of {model} does not describe its calibration set, so "
                "nothing can be compared.",
                model=as_markdown(f"{card.name} {card.version}"),
            )
        )
        return
    st.caption(
        gettext(
            "The latest {latest} scored series compared with {scans} of the "
            "calibration set of {model}. Intervals and operating point are valid for "
            "cases like those.",
            latest=len(latest),
            scans=ngettext("{count} scan", "{count} scans", len(card.calibration_scans)),
            model=as_markdown(f"{card.name} {card.version}"),
        )
    )
    facts, scores = st.columns([6, 5], gap="large")
    with facts:
        for fact in compare_facts(latest, card.calibration_scans):
            st.subheader(words().among(_FACTS, fact.name))
            st.html(_fact_html(fact))
    with scores:
        st.subheader(gettext("Scores of all candidates from 0.02"))
        _draw_scores(compare_scores(latest, card.calibration_scans))


def _folders_of(studies: Sequence[Study], card: ModelCard) -> list[Path]:
    """List folders of studies that this model scored; says how many others there are."""
    ids = [study.id for study in studies]
    others = other_models(context().store, ids, digest=card.digest)
    if others:
        st.info(
            ngettext(
                "{count} of the latest studies was scored by another model and is left out.",
                "{count} of the latest studies were scored by another model and are left out.",
                len(others),
            )
        )
    return [Path(study.folder) for study in studies if study.id not in others]


def _read(folders: list[Path]) -> list[CalibrationScan]:
    """Read what is kept of each scored series; a result that was removed since is passed over."""
    return [
        CalibrationScan(
            acquisition=folder.read_acquisition(),
            candidates=tuple(candidate.probability for candidate in folder.read_candidates()),
        )
        for result in folders
        for folder in result_folders(result)
    ]


def _fact_html(fact: Fact) -> str:
    titles = (gettext("Value"), gettext("Latest"), gettext("Calibration set"))
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "".join(
        f"<tr><td>{html.escape(row.value) if row.value != UNKNOWN else gettext('not given')}</td>"
        f"<td>{row.latest}</td><td>{row.calibration}</td></tr>"
        for row in fact.rows
    )
    note = (
        ngettext(
            "{count} of {known} lies outside the calibration set ({interval}).",
            "{count} of {known} lie outside the calibration set ({interval}).",
            fact.strange,
            known=fact.known,
            interval=interval_text(*fact.strange_ci95, ".0%"),
        )
        if fact.known
        else gettext("Not given in any of the latest studies.")
    )
    kind = "warning" if fact.strange else ""
    return (
        f'<table class="starlung-guidelines starlung-card"><thead><tr>{head}</tr></thead>'
        f'<tbody>{body}</tbody></table><div class="starlung-note {kind}">{html.escape(note)}</div>'
    )


def _draw_scores(scores: Scores) -> None:
    counts = {
        "latest": ngettext("{count:,} candidate", "{count:,} candidates", len(scores.latest)),
        "calibration": len(scores.calibration),
    }
    if scores.distance is None or scores.p_value is None:
        st.caption(
            gettext(
                "{latest} of the latest studies, {calibration} of the calibration set: too few to "
                "compare.",
                **counts,
            )
        )
        return
    show_plot(scores_plot(scores), gettext("Scores of all candidates from 0.02"))
    st.caption(
        gettext(
            "{latest} of the latest studies, {calibration} of the calibration set. Greatest "
            "distance {distance:.2f}, Kolmogorov-Smirnov p = {p:.2g}. Candidates of one study "
            "resemble each other, so p is somewhat too small.",
            **counts,
            distance=scores.distance,
            p=scores.p_value,
        )
    )
