"""Below the images: how each nodule has changed since the earlier CT."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from app.web.reading.place import Place
from app.web.words import gettext, words
from medical.detection.findings import SeriesFindings
from medical.i18n.messages import Message, message
from medical.nodule.growth import INDISTINGUISHABLE, Change, Growth
from medical.plain_text import as_markdown
from medical.report.earlier.change import ChangeSince, Followed, signed, signed_percent
from medical.report.earlier.comparison import Comparison, change_in
from medical.review.interval_text import interval_text
from medical.review.reading import ReadFinding
from medical.review.terms import GROWTHS

_TITLES: tuple[Message, ...] = (
    message("No."),
    message("Earlier no."),
    message("Diameter, mm"),
    message("Volume, mm³"),
    message("Volume doubling time, days"),
    message("Change"),
)


def growth_table(change: ChangeSince) -> str:
    """One line a nodule, then which have no partner."""
    head = "".join(f"<th>{html.escape(words().translate(title))}</th>" for title in _TITLES)
    body = "".join(_row(*pair) for pair in change.matched)
    notes = []
    if change.new:
        notes.append(
            gettext(
                "No match in the earlier CT (new, or not detected then): {numbers}.",
                numbers=_numbers(change.new),
            )
        )
    if change.gone:
        notes.append(
            gettext(
                "Earlier findings without a match now (resolved, or not detected): {numbers}.",
                numbers=_numbers(change.gone),
            )
        )
    if change.unsized:
        notes.append(
            gettext(
                "At the same location, but not measured by the model in both CTs (now – "
                "earlier): {numbers}.",
                numbers=", ".join(f"{now} – {then}" for now, then in change.unsized),
            )
        )
    below = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
    table = (
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        if change.matched
        else f"<p>{html.escape(gettext('No nodule was found in both CTs.'))}</p>"
    )
    return f'<div class="starlung-guidelines starlung-growth">{table}{below}</div>'


def _numbers(nodules: Sequence[Followed]) -> str:
    return ", ".join(str(nodule.id) for nodule in nodules)


def _row(now: Followed, then: Followed, row: Growth) -> str:
    verdict = row.volume.verdict
    kind = "indistinguishable" if verdict == INDISTINGUISHABLE else verdict
    cells = (
        str(now.id),
        str(then.id),
        _change(then.diameter_mm, now.diameter_mm, row.diameter, digits=1) + _unlike(row),
        _change(then.volume_mm3, now.volume_mm3, row.volume, digits=0),
        _doubling(row),
        f'<b class="{kind}">{html.escape(words().among(GROWTHS, verdict))}</b>',
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _change(before: float, after: float, change: Change, *, digits: int) -> str:
    low, high = (signed_percent((end - 1) * 100) for end in change.ratio_ci95)
    sizes = f"{before:.{digits}f} → {after:.{digits}f}"
    difference = signed(change.difference, digits=digits)
    interval = f"{difference} · {signed_percent(change.percent)} ({low} … {high})"
    return f"{sizes}<small>{interval}</small>"


def _unlike(row: Growth) -> str:
    """Say what the diameter alone shows, where the volume shows something else."""
    verdict = row.diameter.verdict
    return (
        ""
        if verdict == row.volume.verdict
        else f"<small>{html.escape(words().among(GROWTHS, verdict))}</small>"
    )


def _doubling(row: Growth) -> str:
    if row.doubling_days_ci95 is None:
        # Without a change that can be told from error there is no time to show, days or not.
        bounded = row.doubling_days is None and row.volume.verdict != INDISTINGUISHABLE
        why = (
            gettext("needs the interval in days")
            if bounded
            else gettext("no upper limit can be given")
        )
        return f"<small>{html.escape(why)}</small>"
    days = row.doubling_days if row.doubling_days is not None else math.inf
    low, high = sorted(abs(end) for end in row.doubling_days_ci95)
    shown = f"{abs(days):.0f}"
    text = gettext("{days} (halving)", days=shown) if days < 0 else shown
    return f"{html.escape(text)}<small>{interval_text(low, high, '.0f')}</small>"


_MAX_DAYS = 20_000


def growth_panel(
    comparison: Comparison, scored: SeriesFindings, findings: list[ReadFinding], place: Place
) -> Comparison:
    """Show change and doubling time; asks for the days between where the images do not say.

    Each pair has a button that shows it in both CTs.

    Returns:
        The comparison, with the days that the reader gave.
    """
    prior = comparison.prior
    with st.container(border=True, key="starlung-growth-panel"):
        st.markdown(f"**{gettext('Growth since {label}', label=prior.label)}**")
        if not prior.same_patient:
            st.warning(
                gettext(
                    "The images do not confirm that both CTs are of the same patient: please "
                    "verify."
                )
            )
        model = f"{scored.model.name} {scored.model.version}"
        if prior.model not in ("", model):
            st.warning(
                gettext(
                    "Scored by two models, {then} and {now}: part of a change may be theirs. "
                    "Score the earlier CT again to compare.",
                    then=as_markdown(prior.model),
                    now=as_markdown(model),
                )
            )
        if prior.days is None:
            days: int | None = st.number_input(
                gettext("Interval between the two CTs, days"),
                1,
                _MAX_DAYS,
                value=None,
                key=f"days-{prior.folder.path}",
            )
            comparison = replace(comparison, days_by_reader=days)
        change = change_in(comparison, findings)
        st.html(growth_table(change))
        with st.container(horizontal=True, key="starlung-pairs"):
            for now, then, _ in change.matched:
                st.button(
                    gettext("Show {now} and earlier {then}", now=now.id, then=then.id),
                    on_click=partial(place.go_to, now.id),
                    key=f"pair-{now.id}-{then.id}",
                )
        st.caption(
            gettext(
                "Matched by affine registration (correlation {correlation:.2f}), "
                "accurate to a few millimetres. Sizes are the model's, with 95 % "
                "intervals; readers' own diameters are not compared. Intervals assume "
                "independent measurements.",
                correlation=comparison.registration.correlation,
            )
        )
    return comparison
