"""The model's page, for administrators: its card, operating curve and calibration."""

from __future__ import annotations

import html
from collections.abc import Iterator

import streamlit as st

from app.web.context import card_in_use, cards, context
from app.web.security.identity import Reader
from app.web.views.evaluation_panel import evaluation_panel
from app.web.views.plots import operating_plot, reliability_plot, show_plot
from app.web.words import gettext, ngettext
from medical.evaluation.expected_performance import expected_at_points
from medical.evaluation.site_monitoring import reader_agreement
from medical.plain_text import as_markdown
from medical.review.reviewed import reviewed_findings
from models.zoo.card import ModelCard


def model_page(reader: Reader) -> None:
    """Draw the page; ``reader`` is an administrator, others never get it."""
    used = card_in_use()
    known = cards()
    if used is None:
        st.error(
            gettext(
                "There is no model called {name} on this machine. See `starlung models list`.",
                name=as_markdown(context().settings.model),
            )
        )
    if not known:
        return
    card = known[0] if used is None else used
    if len(known) > 1:
        at = known.index(card)
        card = st.selectbox(
            gettext("Model"),
            known,
            at,
            format_func=lambda choice: f"{choice.name} {choice.version}",
        )
    st.html(card_head(card, in_use=card == used))
    plots, lists = st.columns([5, 6], gap="large")
    with plots:
        _plots(card)
    with lists:
        st.html(card_lists(card))
        st.caption(gettext("The model card is shown as its author wrote it."))
    with st.expander(gettext("All figures on the model card")):
        st.html(card_figures(card))
    evaluation_panel()


def _plots(card: ModelCard) -> None:
    st.subheader(gettext("Operating curve"))
    if points := expected_at_points(card):
        show_plot(operating_plot(points, card.operating_point), gettext("Operating curve"))
        nodules, scans = card.operating_nodules, card.operating_scans
        st.caption(
            gettext(
                "{nodules} in {scans}; false positives are counted on the scans as they are. "
                "Bands: exact 95 % intervals.",
                nodules=ngettext("{count} INSERTED nodule", "{count} INSERTED nodules", nodules),
                scans=ngettext("{count} held-out scan", "{count} held-out scans", scans),
            )
        )
    else:
        st.caption(gettext("Nothing to show: the model card has no such figures."))
    st.subheader(gettext("Calibration"))
    if card.reliability:
        show_plot(reliability_plot(card.reliability), gettext("Calibration"))
        st.caption(
            gettext(
                "Predicted probability against the observed share of nodules, each scan "
                "calibrated on the other scans; INSERTED nodules and the scans' own "
                "candidates. Bars: bootstrap 95 % intervals; the number of candidates is "
                "shown at each point."
            )
        )
    else:
        st.caption(gettext("Nothing to show: the model card has no such figures."))
    st.subheader(gettext("What readers confirmed"))
    bins = reader_agreement(
        (finding.probability, finding.verdict == "accepted")
        for finding in reviewed_findings(context().store)
        if finding.probability is not None
    )
    if bins:
        show_plot(reliability_plot(bins), gettext("Calibration"))
        st.caption(
            ngettext(
                "{count} finding in signed studies at this site, from any model. Readers "
                "saw the probability, and only findings at or above the operating point, "
                "so this is optimistic. Bars: exact 95 % intervals.",
                "{count} findings in signed studies at this site, from any model. "
                "Readers saw the probability, and only findings at or above the "
                "operating point, so this is optimistic. Bars: exact 95 % intervals.",
                sum(row.candidates for row in bins),
            )
        )
    else:
        st.caption(gettext("Nothing to show yet: no signed study has a finding by a model."))


def card_head(card: ModelCard, *, in_use: bool) -> str:
    """Name, version, whether it scores now, operating point and digest."""
    state = f'<i class="starlung-state signed">{gettext("Active")}</i>' if in_use else ""
    facts = (
        (gettext("Operating point"), f"{card.operating_point:.3f}"),
        (gettext("SHA-256 of the weights"), card.sha256),
    )
    lines = " · ".join(f"{html.escape(name)} {html.escape(value)}" for name, value in facts)
    return (
        f'<div class="starlung-head"><b>{html.escape(card.name)} {html.escape(card.version)}'
        f"{state}</b><span>{lines}</span></div>"
    )


def card_lists(card: ModelCard) -> str:
    """List what the model is not good for, data with licences, recipe, and the scans seen."""
    seen = ngettext(
        "{count} scan seen in training",
        "{count} scans seen in training",
        len(card.scans_seen_in_training),
    )
    return "".join(
        (
            _list(gettext("Not suitable for"), card.not_good_for, "severe"),
            _list(gettext("Data and licences"), card.data, ""),
            _list(gettext("How it was made"), [card.recipe, card.calibration.set_description], ""),
            _list(seen, [", ".join(card.scans_seen_in_training) or "–"], ""),
        )
    )


def card_figures(card: ModelCard) -> str:
    """Every figure as a table of path and value, as the card has it."""
    measured: dict[str, object] = {
        **card.metrics,
        "measured_coverage_of_95_intervals": dict(card.calibration.measured_coverage),
    }
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>"
        for name, value in _flat(measured, "")
    )
    return f'<table class="starlung-guidelines starlung-card"><tbody>{rows}</tbody></table>'


def _list(title: str, lines: list[str], kind: str) -> str:
    notes = "".join(
        f'<div class="starlung-note {kind}">{html.escape(line)}</div>' for line in lines
    )
    return f'<div class="starlung-section">{html.escape(title)}</div>{notes}'


def _flat(values: dict[str, object], before: str) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        name = f"{before} · {key}" if before else key
        if isinstance(value, dict):
            yield from _flat(value, name)
        elif isinstance(value, list):
            yield name.replace("_", " "), " – ".join(str(entry) for entry in value)
        else:
            yield name.replace("_", " "), str(value)
