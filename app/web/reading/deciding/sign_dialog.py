"""Before a study is signed: what will be signed, and whether the next study is opened then.

The dialog stays open over any run of the page until the reader signs or closes it.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from app.web.asked import steps_asked
from app.web.context import cards, context
from app.web.failures import error_text, not_saved
from app.web.reading.table import density_text, diameter_text, probability_text
from app.web.reading.who_panel import may_see_identity
from app.web.security.identity import Reader, allowed
from app.web.session import prefer, preferred, tell
from app.web.words import gettext, words
from medical.errors import InputError
from medical.report.earlier.comparison import Comparison
from medical.report.files import files_to_sign
from medical.review.reading import ReadFinding, StudyReading
from medical.review.refusals import ReviewRefusedError
from medical.review.reviews import sign
from medical.review.terms import VERDICTS, rejection_reason
from medical.review.worklist import next_to_read
from medical.store.database import StoreUnavailableError
from medical.store.series import KeptSeries
from medical.store.tables import Verdict

_NEXT, _GO_ON = "next-after-signing", "go-on-after-signing"


def sign_dialog(
    reading: StudyReading, series: KeptSeries, comparison: Comparison | None, reader: Reader
) -> None:
    """Draw the dialog where it was asked for."""
    asked = steps_asked()
    if asked.signing == reading.study.key and reading.study.status != "signed":
        title = gettext("Sign {label}", label=reading.study.label)
        st.dialog(title, on_dismiss=asked.close_dialog)(_confirm)(
            reading, series, comparison, reader
        )


def _confirm(
    reading: StudyReading, series: KeptSeries, comparison: Comparison | None, reader: Reader
) -> None:
    asked = steps_asked()
    if asked.steps:  # a click in the dialog draws the dialog alone, which does no step
        st.rerun()
    undecided = [finding.number for finding in reading.findings if finding.verdict == "open"]
    if undecided:
        numbers = ", ".join(map(str, undecided))
        st.warning(gettext("Review the remaining findings first: {numbers}", numbers=numbers))
        return
    st.html(summary_html(reading.findings))
    st.caption(gettext("Completes the reading; nothing can be changed afterwards."))
    # Asked once: the choice holds for every study that this browser signs.
    st.checkbox(gettext("Then open the next study"), preferred(_NEXT, "yes") == "yes", key=_GO_ON)
    # What was shown is signed, whatever a run that comes between has read.
    st.button(
        gettext("Sign now"),
        on_click=asked.on_press(
            f"sign {reading.study.key}", partial(_sign, reading, series, comparison, reader)
        ),
        type="primary",
        width="stretch",
        icon=":material/signature:",
        shortcut="Enter",
    )


def summary_html(findings: Sequence[ReadFinding]) -> str:
    """List every finding with what will be signed of it."""
    if not findings:
        return f"<p>{gettext('No finding: the study is signed as read without one.')}</p>"
    lines: tuple[tuple[Verdict, Callable[[ReadFinding], str]], ...] = (
        ("accepted", _accepted),
        ("rejected", _rejected),
    )
    parts = []
    for verdict, line in lines:
        chosen = [finding for finding in findings if finding.verdict == verdict]
        if chosen:
            title = html.escape(f"{words().among(VERDICTS, verdict)}: {len(chosen)}")
            items = "".join(f"<li>{html.escape(line(finding))}</li>" for finding in chosen)
            parts.append(f"<b>{title}</b><ul>{items}</ul>")
    return f'<div class="starlung-to-sign">{"".join(parts)}</div>'


def _accepted(finding: ReadFinding) -> str:
    size, _ = diameter_text(finding)
    density, _ = density_text(finding)
    # No line ends between a sign and its figure.
    probability = re.sub(r"([≥≤<>]) ", "\\1\u00a0", probability_text(finding))
    return gettext(
        "{number}: {size} mm, {density}, {location}, probability {probability}",
        number=finding.number,
        size=size,
        density=density,
        location=words().translate(finding.location),
        probability=probability,
    )


def _rejected(finding: ReadFinding) -> str:
    reason = finding.latest.reason if finding.latest else ""
    return f"{finding.number}: {rejection_reason(reason, words())}"


def _sign(
    reading: StudyReading,
    series: KeptSeries,
    comparison: Comparison | None,
    reader: Reader,
) -> None:
    at, study, asked = time.time(), reading.study, steps_asked()
    wants_next = bool(st.session_state.get(_GO_ON, preferred(_NEXT, "yes") == "yes"))
    prefer(_NEXT, "yes" if wants_next else "no")
    store = context().store
    asked.close_dialog()
    try:
        allowed("sign")
        # Made before the store is locked; if anybody decides meanwhile, nothing is signed.
        report = files_to_sign(
            reading,
            series,
            comparison,
            actor=reader.name,
            at=at,
            store=store,
            cards=cards(),
            named=may_see_identity(),
        )
        sign(store, study.key, seen_version=study.version, actor=reader.name, at=at, report=report)
        asked.written()
    except (ReviewRefusedError, StoreUnavailableError) as error:
        tell(not_saved(error))
    except InputError as error:
        tell(gettext("Not signed: {problem}", problem=error_text(error)))
    else:
        following = next_to_read(store, after=study.key) if wants_next else None
        if following is not None:
            asked.go_on(study.key, following)


def next_button(key: str) -> None:
    """Offer the next study that is to be read; nothing where none waits."""
    following = next_to_read(context().store, after=key)
    if following is not None:
        st.button(
            gettext("Next study"),
            on_click=partial(steps_asked().go_on, key, following),
            width="stretch",
            type="primary",
        )
