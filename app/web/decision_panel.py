"""The sidebar's heart: the finding on show, what was decided, and the means to decide."""

from __future__ import annotations

import html
from functools import partial

import streamlit as st

from app.web.access import Reader
from app.web.context import context
from app.web.identity import allowed
from app.web.notices import tell
from app.web.place import Place
from app.web.refusal_words import refusal
from app.web.table import millimetres, probability_text
from app.web.words import Words
from medical.store.decisions import LEAST_DIAMETER_MM, MOST_DIAMETER_MM, Judgement
from medical.store.reading import ReadFinding, read_study
from medical.store.refusals import ReviewRefusedError, moment
from medical.store.reviews import decide
from medical.store.tables import Decision, Study, Verdict

REASONS = ("vessel", "scar", "lymph_node", "pleura", "artefact")


def decision_panel(
    study: Study, findings: list[ReadFinding], place: Place, reader: Reader, words: Words
) -> None:
    """Show one finding with its decisions; the form only while the study is not signed."""
    if not findings:
        st.caption(words("negative"))
        return
    shown = next((one for one in findings if one.number == place.finding), findings[0])
    _steps(findings, shown, place, words)
    st.html(_facts(shown, words))
    if study.status != "signed":
        _form(study, shown, place, reader, words)
    if len(shown.decisions) > 1:
        with st.expander(words("history", count=len(shown.decisions))):
            for decision in reversed(shown.decisions):
                st.html(decision_html(decision, words))


def decision_html(decision: Decision, words: Words) -> str:
    """Who decided what, when and why."""
    what = words(f"verdict_{decision.verdict}")
    why = f": {decision.reason}" if decision.reason else ""
    size = (
        f" · {words('measured_as', size=f'{decision.diameter_mm:.1f}')}"
        if (decision.diameter_mm is not None)
        else ""
    )
    comment = f"<q>{html.escape(decision.comment)}</q>" if decision.comment else ""
    said = html.escape(f"{what}{why}{size}")
    who = html.escape(f"{decision.actor}, {moment(decision.at)}")
    return (
        f'<div class="starlung-decision {decision.verdict}"><b>{said}</b>'
        f"{comment}<small>{who}</small></div>"
    )


def _steps(findings: list[ReadFinding], shown: ReadFinding, place: Place, words: Words) -> None:
    at = findings.index(shown) + 1
    decided = sum(one.verdict != "open" for one in findings)
    st.html(
        f'<div class="starlung-finding"><b>{words("finding_of", at=at, count=len(findings))}</b>'
        f"<span>{words('decided_of', count=decided)}</span></div>"
    )
    before, after = st.columns(2)
    before.button(
        words("previous"),
        on_click=partial(place.step, findings, -1),
        width="stretch",
    )
    after.button(
        words("next"),
        on_click=partial(place.step, findings, 1),
        width="stretch",
    )


def _facts(shown: ReadFinding, words: Words) -> str:
    measured = shown.measured
    low, high = measured.diameter_ci95
    lines = [
        (words("col_probability"), probability_text(shown, words)),
        (words("col_slice"), str(measured.slice_number)),
        (words("col_position"), ", ".join(millimetres(v) for v in measured.center_lps_mm)),
        (words("col_diameter"), f"{measured.diameter_mm:.1f} ({low:.1f}–{high:.1f})"),
        (words("col_location"), words.location(measured.location)),
    ]
    rows = "".join(f"<tr><th>{name}</th><td>{html.escape(v)}</td></tr>" for name, v in lines)
    state = (
        decision_html(shown.latest, words)
        if shown.latest
        else f'<div class="starlung-decision open">{words("verdict_open")}</div>'
    )
    return f'<table class="starlung-facts">{rows}</table>{state}'


def _form(study: Study, shown: ReadFinding, place: Place, reader: Reader, words: Words) -> None:
    latest = shown.latest
    # Keyed by finding, not by version: what was typed survives somebody else's faster decision.
    keys = {name: f"{name}-{shown.id}" for name in ("reason", "comment", "size")}
    reasons = [words(f"reason_{one}") for one in REASONS]
    earlier = latest.reason if latest and latest.reason else None
    if earlier and earlier not in reasons:
        reasons.append(earlier)
    with st.form(f"decide-{shown.id}", border=False):
        st.selectbox(
            words("reason"),
            reasons,
            index=reasons.index(earlier) if earlier else None,
            accept_new_options=True,
            placeholder=words("reason_hint"),
            key=keys["reason"],
        )
        st.number_input(
            words("my_diameter"),
            LEAST_DIAMETER_MM,
            MOST_DIAMETER_MM,
            latest.diameter_mm if latest else None,
            step=0.5,
            format="%.1f",
            placeholder=f"{shown.measured.diameter_mm:.1f}",
            key=keys["size"],
        )
        st.text_input(
            words("comment"), latest.comment if latest else "", max_chars=500, key=keys["comment"]
        )
        save = partial(_save, shown, keys, place, reader, words, study.key)
        # The number is on the buttons: on a slow line the form of the finding before may still
        # be on the screen, and nobody may accept it for the one that is shown above.
        accept, reject = st.columns(2)
        with accept:
            st.form_submit_button(
                words("accept", number=shown.number),
                type="primary",
                on_click=partial(save, "accepted"),
                width="stretch",
            )
        with reject:
            st.form_submit_button(
                words("reject", number=shown.number),
                on_click=partial(save, "rejected"),
                width="stretch",
            )
        if latest is not None and latest.verdict != "open":
            st.form_submit_button(
                words("take_back"), on_click=partial(save, "open"), width="stretch"
            )


def _save(
    shown: ReadFinding,
    keys: dict[str, str],
    place: Place,
    reader: Reader,
    words: Words,
    study_key: str,
    verdict: Verdict,
) -> None:
    # A callback: ``shown`` is what the reader saw when pressing, not what the store says now.
    allowed("decide")
    said = st.session_state
    reason = (said[keys["reason"]] or "").strip()
    if verdict == "rejected" and not reason:
        tell(words("reason_needed"))
        return
    store = context().store
    judgement = Judgement(
        verdict,
        reason=reason if verdict == "rejected" else "",
        comment=said[keys["comment"]] or "",
        diameter_mm=said[keys["size"]],
    )
    try:
        decide(store, shown.id, judgement, seen_version=shown.version, actor=reader.name)
    except ReviewRefusedError as error:
        tell(refusal(error, words))
        return
    if verdict != "open":
        place.to_next_undecided(read_study(store, study_key).of_series(shown.series_uid))
