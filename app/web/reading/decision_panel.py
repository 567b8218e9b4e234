"""The sidebar's heart: the finding on show, what was decided, and the means to decide."""

from __future__ import annotations

import html
from functools import partial

import streamlit as st

from app.web.context import context
from app.web.notices import tell
from app.web.reading.assessment_fields import assessment_fields, assessment_of
from app.web.reading.draft import Draft
from app.web.reading.place import Place
from app.web.reading.refusal_words import refusal
from app.web.reading.table import (
    density_text,
    diameter_text,
    millimetres,
    probability_text,
    volume_text,
)
from app.web.security.access import Reader
from app.web.security.identity import allowed
from app.web.words import Words
from medical.report.words.reasons import REASONS, reason_in
from medical.review.decisions import LEAST_DIAMETER_MM, MOST_DIAMETER_MM, Judgement
from medical.review.reading import ReadFinding, StudyReading, read_study
from medical.review.refusals import ReviewRefusedError, moment
from medical.review.reviews import decide
from medical.store.database import StoreUnavailableError
from medical.store.tables import Decision, Verdict


def decision_panel(
    reading: StudyReading, findings: list[ReadFinding], place: Place, reader: Reader, words: Words
) -> None:
    """Show one finding with its decisions; the fields only while the study is not signed."""
    if not findings:
        st.caption(words("negative"))
        return
    shown = next((one for one in findings if one.number == place.finding), findings[0])
    _steps(findings, shown, place, words)
    st.html(_facts(shown, words))
    if reading.study.status != "signed":
        _fields(reading, shown, words)
        _buttons(reading, shown, place, reader, words)
    if len(shown.decisions) > 1:
        with st.expander(words("history", count=len(shown.decisions))):
            for decision in reversed(shown.decisions):
                st.html(decision_html(decision, words))


def decision_html(decision: Decision, words: Words) -> str:
    """Who decided what, when and why."""
    what = words(f"verdict_{decision.verdict}")
    reason = reason_in(decision.reason, chinese=words.language == "zh")
    why = f": {reason}" if reason else ""
    size = (
        f" · {words('measured_as', size=f'{decision.diameter_mm:.1f}')}"
        if (decision.diameter_mm is not None)
        else ""
    )
    comment = f"<q>{html.escape(decision.comment)}</q>" if decision.comment else ""
    text = html.escape(f"{what}{why}{size}")
    who = html.escape(f"{decision.actor}, {moment(decision.at)}")
    return (
        f'<div class="starlung-decision {decision.verdict}"><b>{text}</b>'
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
    lines = [
        (words("col_probability"), probability_text(shown, words)),
        (words("col_slice"), str(measured.slice_number)),
        (words("col_position"), ", ".join(millimetres(v) for v in measured.center_lps_mm)),
        (words("col_diameter"), words("with_note", **_noted(diameter_text(shown, words)))),
        (words("col_volume"), words("with_note", **_noted(volume_text(shown, words)))),
        (words("col_density"), words("with_note", **_noted(density_text(shown, words)))),
        (words("col_location"), words.location(measured.location)),
    ]
    rows = "".join(f"<tr><th>{name}</th><td>{html.escape(v)}</td></tr>" for name, v in lines)
    state = (
        decision_html(shown.latest, words)
        if shown.latest
        else f'<div class="starlung-decision open">{words("verdict_open")}</div>'
    )
    return f'<table class="starlung-facts">{rows}</table>{state}'


def _noted(texts: tuple[str, str]) -> dict[str, str]:
    return {"text": texts[0], "note": texts[1]}


def _fields(reading: StudyReading, shown: ReadFinding, words: Words) -> None:
    # No form: Enter in a form presses its first button, and a decision is a deed of its own.
    latest, draft = shown.latest, Draft(shown.id, shown.version, words.language)
    chinese = words.language == "zh"
    reasons = [words(one) for one in REASONS]
    earlier = reason_in(latest.reason, chinese=chinese) if latest and latest.reason else None
    typed = draft.value("reason", None)
    if typed:
        typed = reason_in(typed, chinese=chinese)
        draft.rephrase("reason", typed)
    reasons += [one for one in dict.fromkeys((earlier, typed)) if one and one not in reasons]
    st.selectbox(
        words("reason"),
        reasons,
        index=None,
        accept_new_options=True,
        placeholder=words("reason_hint"),
        key=draft.offer("reason", earlier),
        on_change=partial(draft.note, "reason"),
    )
    by_model = shown.measured.diameter_mm
    st.number_input(
        words("my_diameter"),
        LEAST_DIAMETER_MM,
        MOST_DIAMETER_MM,
        None,
        step=0.5,
        format="%.1f",
        placeholder="" if by_model is None else f"{by_model:.1f}",
        key=draft.offer("size", latest.diameter_mm if latest else None),
        on_change=partial(draft.note, "size"),
    )
    assessment_fields(reading, shown, draft, words)
    st.text_input(
        words("comment"),
        max_chars=500,
        key=draft.offer("comment", latest.comment if latest else ""),
        on_change=partial(draft.note, "comment"),
    )


def _buttons(
    reading: StudyReading, shown: ReadFinding, place: Place, reader: Reader, words: Words
) -> None:
    save = partial(_save, shown, place, reader, words, reading.study.key)
    nameless = not reader.name
    if nameless:
        st.warning(words("name_needed"))
    # The number is on the buttons: on a slow line those of the finding before may still be on the
    # screen, and nobody may accept it for the one that is shown above.
    accept, reject = st.columns(2)
    accept.button(
        words("accept", number=shown.number),
        type="primary",
        on_click=partial(save, "accepted"),
        width="stretch",
        disabled=nameless,
        key=f"accept-{shown.id}",
    )
    reject.button(
        words("reject", number=shown.number),
        on_click=partial(save, "rejected"),
        width="stretch",
        disabled=nameless,
        key=f"reject-{shown.id}",
    )
    if shown.latest is not None and shown.latest.verdict != "open":
        st.button(
            words("take_back"),
            on_click=partial(save, "open"),
            width="stretch",
            disabled=nameless,
            key=f"take-back-{shown.id}",
        )


def _save(
    shown: ReadFinding,
    place: Place,
    reader: Reader,
    words: Words,
    study_key: str,
    verdict: Verdict,
) -> None:
    # A callback: ``shown`` is what the reader saw when pressing, not what the store says now.
    allowed("decide")
    draft = Draft(shown.id, shown.version, words.language)
    reason = (draft.value("reason", None) or "").strip()
    if verdict == "rejected" and not reason:
        tell(words("reason_needed"))
        return
    store = context().store
    judgement = Judgement(
        verdict,
        reason=reason if verdict == "rejected" else "",
        comment=draft.value("comment", "") or "",
        diameter_mm=draft.value("size", None),
        assessment=assessment_of(draft, shown),
    )
    try:
        decide(store, shown.id, judgement, seen_version=shown.version, actor=reader.name)
        latest = read_study(store, study_key).of_series(shown.series_uid)
    except ReviewRefusedError as error:
        tell(refusal(error, words))
        return
    except StoreUnavailableError:
        tell(words("store_gone"))
        return
    draft.drop()
    if verdict != "open":
        place.to_next_undecided(latest)
