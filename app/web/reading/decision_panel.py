"""The sidebar's heart: the finding on show, what was decided, and the means to decide."""

from __future__ import annotations

import html
from functools import partial

import streamlit as st

from app.web.context import context
from app.web.failures import not_saved
from app.web.reading.decision_fields import Draft, assessment_fields, assessment_of
from app.web.reading.place import Place
from app.web.reading.table import (
    density_text,
    diameter_text,
    millimetres,
    probability_text,
    volume_text,
)
from app.web.security.identity import Reader, allowed
from app.web.session import tell
from app.web.words import gettext, ngettext, page_language, words
from medical.detection.findings import Finding
from medical.report.malignancy import rating_text
from medical.review.decisions import MAX_DIAMETER_MM, MIN_DIAMETER_MM, NewDecision
from medical.review.reading import ReadFinding, StudyReading, read_study
from medical.review.refusals import ReviewRefusedError, moment
from medical.review.reviews import decide
from medical.review.terms import REASONS, VERDICTS, rejection_reason
from medical.store.database import StoreUnavailableError
from medical.store.tables import Decision, Verdict


def decision_panel(
    reading: StudyReading, findings: list[ReadFinding], place: Place, reader: Reader
) -> None:
    """Show one finding with its decisions; the fields only while the study is not signed."""
    if not findings:
        st.caption(
            gettext("No finding reaches the operating point. This does not rule out a nodule.")
        )
        return
    shown = next((finding for finding in findings if finding.number == place.finding), findings[0])
    _steps(findings, shown, place)
    st.html(_facts(shown))
    if reading.study.status != "signed":
        _fields(reading, shown)
        _buttons(reading, shown, place, reader)
    if len(shown.decisions) > 1:
        with st.expander(
            ngettext("All {count} decision", "All {count} decisions", len(shown.decisions))
        ):
            for decision in reversed(shown.decisions):
                st.html(decision_html(decision))


def decision_html(decision: Decision) -> str:
    """Who decided what, when and why."""
    what = words().among(VERDICTS, decision.verdict)
    reason = rejection_reason(decision.reason, words())
    why = f": {reason}" if reason else ""
    size = ""
    if decision.diameter_mm is not None:
        size = f" · {gettext('{size:.1f} mm by the reader', size=decision.diameter_mm)}"
    comment = f"<q>{html.escape(decision.comment)}</q>" if decision.comment else ""
    text = html.escape(f"{what}{why}{size}")
    who = html.escape(f"{decision.actor}, {moment(decision.at)}")
    return (
        f'<div class="starlung-decision {decision.verdict}"><b>{text}</b>'
        f"{comment}<small>{who}</small></div>"
    )


def _steps(findings: list[ReadFinding], shown: ReadFinding, place: Place) -> None:
    at = findings.index(shown) + 1
    decided = sum(finding.verdict != "open" for finding in findings)
    place_of = gettext("Finding {at} of {count}", at=at, count=len(findings))
    done = gettext("{count} decided", count=decided)
    st.html(f'<div class="starlung-finding"><b>{place_of}</b><span>{done}</span></div>')
    before, after = st.columns(2)
    before.button(
        gettext("Previous (P)"),
        on_click=partial(place.step, findings, -1),
        width="stretch",
    )
    after.button(
        gettext("Next (N)"),
        on_click=partial(place.step, findings, 1),
        width="stretch",
    )


def _facts(shown: ReadFinding) -> str:
    measured = shown.measured
    lines = [
        (gettext("Probability"), probability_text(shown)),
        (gettext("Slice"), str(measured.slice_number)),
        (gettext("Position, LPS mm"), ", ".join(millimetres(v) for v in measured.center_lps_mm)),
        (
            gettext("Diameter, mm"),
            gettext("{text} ({note})", **_noted(diameter_text(shown))),
        ),
        (gettext("Volume, mm³"), gettext("{text} ({note})", **_noted(volume_text(shown)))),
        (gettext("Density"), gettext("{text} ({note})", **_noted(density_text(shown)))),
        (gettext("Location"), words().translate(measured.location)),
    ]
    if isinstance(measured, Finding) and measured.malignancy is not None:
        lines.append((gettext("Malignancy rating"), rating_text(measured.malignancy)))
    rows = "".join(f"<tr><th>{name}</th><td>{html.escape(v)}</td></tr>" for name, v in lines)
    state = (
        decision_html(shown.latest)
        if shown.latest
        else f'<div class="starlung-decision open">{gettext("not decided")}</div>'
    )
    return f'<table class="starlung-facts">{rows}</table>{state}'


def _noted(texts: tuple[str, str]) -> dict[str, str]:
    return {"text": texts[0], "note": texts[1]}


def _fields(reading: StudyReading, shown: ReadFinding) -> None:
    # No form: Enter in a form presses its first button, and a decision is a action of its own.
    latest, draft = shown.latest, Draft(shown.id, shown.version, page_language())
    reasons = [words().translate(reason) for reason in REASONS]
    earlier = rejection_reason(latest.reason, words()) if latest and latest.reason else None
    typed = draft.value("reason", None)
    if typed:
        typed = rejection_reason(typed, words())
        draft.rephrase("reason", typed)
    reasons += [
        reason for reason in dict.fromkeys((earlier, typed)) if reason and reason not in reasons
    ]
    st.selectbox(
        gettext("Reason for rejection"),
        reasons,
        index=None,
        accept_new_options=True,
        placeholder=gettext("choose or type"),
        key=draft.offer("reason", earlier),
        on_change=partial(draft.note, "reason"),
    )
    by_model = shown.measured.diameter_mm
    st.number_input(
        gettext("My diameter, mm"),
        MIN_DIAMETER_MM,
        MAX_DIAMETER_MM,
        None,
        step=0.5,
        format="%.1f",
        placeholder="" if by_model is None else f"{by_model:.1f}",
        key=draft.offer("size", latest.diameter_mm if latest else None),
        on_change=partial(draft.note, "size"),
    )
    assessment_fields(reading, shown, draft)
    st.text_input(
        gettext("Comment"),
        max_chars=500,
        key=draft.offer("comment", latest.comment if latest else ""),
        on_change=partial(draft.note, "comment"),
    )


def _buttons(reading: StudyReading, shown: ReadFinding, place: Place, reader: Reader) -> None:
    save = partial(_save, shown, place, reader, reading.study.key)
    nameless = not reader.name
    if nameless:
        st.warning(
            gettext("Enter your name above before you decide; it is recorded with each decision.")
        )
    # The number is on the buttons: on a slow line those of the finding before may still be on the
    # screen, and nobody may accept it for the one that is shown above.
    accept, reject = st.columns(2)
    accept.button(
        gettext("Accept {number}", number=shown.number),
        type="primary",
        on_click=partial(save, "accepted"),
        width="stretch",
        disabled=nameless,
        key=f"accept-{shown.id}",
    )
    reject.button(
        gettext("Reject {number}", number=shown.number),
        on_click=partial(save, "rejected"),
        width="stretch",
        disabled=nameless,
        key=f"reject-{shown.id}",
    )
    if shown.latest is not None and shown.latest.verdict != "open":
        st.button(
            gettext("Undo decision"),
            on_click=partial(save, "open"),
            width="stretch",
            disabled=nameless,
            key=f"take-back-{shown.id}",
        )


def _save(
    shown: ReadFinding,
    place: Place,
    reader: Reader,
    study_key: str,
    verdict: Verdict,
) -> None:
    # A callback: ``shown`` is what the reader saw when pressing, not what the store says now.
    allowed("decide")
    draft = Draft(shown.id, shown.version, page_language())
    reason = (draft.value("reason", None) or "").strip()
    if verdict == "rejected" and not reason:
        tell(gettext("Not rejected: enter a reason first."))
        return
    store = context().store
    new = NewDecision(
        verdict,
        reason=reason if verdict == "rejected" else "",
        comment=draft.value("comment", "") or "",
        diameter_mm=draft.value("size", None),
        assessment=assessment_of(draft, shown),
    )
    try:
        decide(store, shown.id, new, seen_version=shown.version, actor=reader.name)
        latest = read_study(store, study_key).of_series(shown.series_uid)
    except (ReviewRefusedError, StoreUnavailableError) as error:
        tell(not_saved(error))
        return
        return
    draft.drop()
    if verdict != "open":
        place.to_next_undecided(latest)
