"""The sidebar's heart: the finding on show, what was decided, and the means to decide."""

from __future__ import annotations

import html
from collections.abc import Callable
from functools import partial

import streamlit as st

from app.web.asked import steps_asked
from app.web.clock import local_time
from app.web.reading.deciding.decision_fields import Draft, assessment_fields
from app.web.reading.deciding.decision_saving import reject_rest, save, undo
from app.web.reading.place import Place
from app.web.reading.table import (
    density_text,
    diameter_text,
    millimetres,
    probability_text,
    volume_text,
)
from app.web.security.identity import Reader
from app.web.words import gettext, ngettext, page_language, words
from medical.detection.findings import Finding
from medical.report.malignancy import rating_text
from medical.review.decisions import MAX_DIAMETER_MM, MIN_DIAMETER_MM
from medical.review.reading import ReadFinding, StudyReading
from medical.review.terms import REASONS, VERDICTS, rejection_reason
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
        draft = Draft(shown.id, shown.version, page_language())
        _reason(shown, draft)
        _buttons(shown, place, reader, reading.study.key)
        _fields(reading, shown, draft)
        _steps_back(reading, findings, place, reader)
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
    who = html.escape(f"{decision.actor}, {local_time(decision.at)}")
    return (
        f'<div class="starlung-decision {decision.verdict}"><b>{text}</b>'
        f"{comment}<small>{who}</small></div>"
    )


def _steps(findings: list[ReadFinding], shown: ReadFinding, place: Place) -> None:
    at = findings.index(shown) + 1
    decided = sum(finding.verdict != "open" for finding in findings)
    place_of = gettext("Finding {at} of {count}", at=at, count=len(findings))
    done = gettext("{done} of {count} reviewed", done=decided, count=len(findings))
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
        (gettext("Location"), words().translate(shown.location)),
    ]
    if isinstance(measured, Finding) and measured.malignancy is not None:
        lines.append((gettext("Malignancy rating"), rating_text(measured.malignancy)))
    rows = "".join(f"<tr><th>{name}</th><td>{html.escape(v)}</td></tr>" for name, v in lines)
    state = (
        decision_html(shown.latest)
        if shown.latest
        else f'<div class="starlung-decision open">{gettext("Undecided")}</div>'
    )
    return f'<table class="starlung-facts">{rows}</table>{state}'


def _noted(texts: tuple[str, str]) -> dict[str, str]:
    return {"text": texts[0], "note": texts[1]}


def _reason(shown: ReadFinding, draft: Draft) -> None:
    # No form: Enter in a form presses its first button, and a decision is an action of its own.
    latest = shown.latest
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


def _fields(reading: StudyReading, shown: ReadFinding, draft: Draft) -> None:
    latest = shown.latest
    by_model = shown.measured.diameter_mm
    st.number_input(
        gettext("Diameter measured by me (mm)"),
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


def _buttons(shown: ReadFinding, place: Place, reader: Reader, study_key: str) -> None:
    asked = steps_asked()

    def save_as(verdict: Verdict) -> Callable[[], None]:
        act = partial(save, shown, place, reader, study_key, verdict)
        return asked.on_press(f"{verdict} {shown.id}", act)

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
        on_click=save_as("accepted"),
        width="stretch",
        disabled=nameless,
        key=f"accept-{shown.id}",
        help=gettext("Key A"),
    )
    reject.button(
        gettext("Reject {number}", number=shown.number),
        on_click=save_as("rejected"),
        width="stretch",
        disabled=nameless,
        key=f"reject-{shown.id}",
        help=gettext("Key X, then the number of a reason"),
    )
    if shown.latest is not None and shown.latest.verdict != "open":
        st.button(
            gettext("Undo decision"),
            on_click=save_as("open"),
            width="stretch",
            disabled=nameless,
            key=f"take-back-{shown.id}",
        )


def _steps_back(
    reading: StudyReading,
    findings: list[ReadFinding],
    place: Place,
    reader: Reader,
) -> None:
    """Several findings at once, and the last step taken back."""
    asked, nameless, key = steps_asked(), not reader.name, reading.study.key
    rest = sum(finding.verdict == "open" for finding in findings)
    if rest > 1:
        st.button(
            gettext("Reject the remaining {count}", count=rest),
            on_click=asked.on_press(
                f"reject the rest {key}", partial(reject_rest, reading, findings, place, reader)
            ),
            width="stretch",
            disabled=nameless,
            help=gettext("All findings that nobody has decided, for the reason chosen above."),
        )
    if place.decided:
        st.button(
            gettext("Undo the last step (U)"),
            on_click=asked.on_press(f"undo {key}", partial(undo, key, place, reader)),
            width="stretch",
            disabled=nameless,
        )
