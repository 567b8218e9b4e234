"""Below the findings: the malignancy rating of each, before and after clinical context is given."""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import streamlit as st
from pydantic import ValidationError

from app.web.asked import steps_asked
from app.web.context import context
from app.web.failures import error_text, not_saved
from app.web.reading.malignancy.brock_text import brock_text
from app.web.reading.malignancy.context_form import context_form, typed_in, with_header
from app.web.security.identity import Reader, allowed
from app.web.session import tell
from app.web.words import gettext, words
from medical.detection.findings import Finding, Malignancy, SeriesFindings
from medical.detection.malignancy import malignancy_of
from medical.errors import InputError
from medical.malignancy.context import ClinicalContext
from medical.malignancy.reader import MalignancyReader, reader_at_hand
from medical.plain_text import as_markdown
from medical.report.malignancy import rating_note, rating_text
from medical.results.folder import ResultFolder
from medical.results.images import ViewerImages
from medical.results.typed_context import TypedContext, TypedRating
from medical.review.reading import ReadFinding, StudyReading
from medical.review.refusals import ReviewRefusedError
from medical.review.typed_context import type_context
from medical.store.database import StoreUnavailableError

_MAX_PACK_YEARS = 300
_one_at_a_time = threading.Lock()


class Rated(NamedTuple):
    """One finding: what is said by its image alone, and with what is written."""

    finding: ReadFinding
    by_image: Malignancy
    with_words: Malignancy | None


def malignancy_panel(
    reading: StudyReading,
    scored: SeriesFindings,
    findings: Sequence[ReadFinding],
    folder: ResultFolder,
    images: ViewerImages | None,
    reader: Reader,
) -> None:
    """Ask for clinical context, then show each finding's rating and what it rests on."""
    if scored.malignancy_model is None or not scored.findings:
        return
    with st.expander(gettext("Malignancy rating and clinical context")):
        try:
            typed = folder.malignancy.read_typed()
            for line in rating_note(scored, words(), typed):
                st.caption(as_markdown(line))
            stored = typed.context if typed else folder.malignancy.read_context()
            context_form(
                scored,
                stored,
                images,
                study_key=reading.study.key,
                closed=reading.study.status == "signed" or not reader.name,
                keep=partial(_keep, reading, scored, folder, reader),
            )
            rated = rate(scored, findings, folder, stored)
            if stored is not None and _reader_of(scored) is None:
                st.info(
                    gettext(
                        "The StarNet that rated this study is not at hand any more: what is "
                        "written is not read. Import it again, or score the study again."
                    )
                )
        except InputError as error:
            st.error(as_markdown(error_text(error)))
            return
        st.html(rating_table(rated, with_header(stored, images), count=_nodules(findings)))
        st.caption(
            gettext(
                "Clinical context was taught to change nothing by itself: no truth was at hand. "
                "Brock (McWilliams 2013, model 2a; 2b where spiculation is typed) is a probability "
                "of cancer and uses it; a finding in an upper zone counts as one in an upper lobe."
            )
        )


def rate(
    scored: SeriesFindings,
    findings: Sequence[ReadFinding],
    folder: ResultFolder,
    context: ClinicalContext | None,
) -> list[Rated]:
    """Rate the model's findings with what is written; torch is loaded only where something is.

    Raises:
        InputError: what StarNet saw of the findings is damaged.
    """
    own = [f for f in findings if isinstance(f.measured, Finding) and f.measured.malignancy]
    before = {f.measured.id: f.measured.malignancy for f in own if isinstance(f.measured, Finding)}
    numbers = [finding.id for finding in scored.findings]
    texts = [context.written(number) if context else "" for number in numbers]
    tokens = folder.malignancy.read_tokens() if any(texts) else None
    model = _reader_of(scored)
    after: dict[int, Malignancy] = {}
    if tokens is not None and model is not None:
        with _one_at_a_time:
            for group, written in ((before, [""] * len(numbers)), (after, texts)):
                rounded = map(malignancy_of, model.read_words(tokens, written))
                group.update(zip(numbers, rounded, strict=True))
        after = {number: after[number] for number, text in zip(numbers, texts, strict=True) if text}
    return [
        Rated(finding, image, after.get(finding.measured.id))
        for finding in own
        if isinstance(finding.measured, Finding)
        and (image := before[finding.measured.id]) is not None
    ]


def rating_table(rated: Sequence[Rated], context: ClinicalContext, *, count: int) -> str:
    """Render a line a finding as HTML."""
    titles = (
        gettext("No."),
        gettext("By the image alone"),
        gettext("With what is written"),
        gettext("Weight of image and text"),
        gettext("Brock, probability of cancer"),
    )
    head = "".join(f"<th>{html.escape(title)}</th>" for title in titles)
    body = "".join(_row(each, context, count) for each in rated)
    return (
        f'<table class="starlung-guidelines"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _row(rated: Rated, context: ClinicalContext, count: int) -> str:
    shown = rated.with_words or rated.by_image
    after = rating_text(rated.with_words) if rated.with_words else "–"
    shares = f"{shown.image_weight:.0%} / {shown.text_weight:.0%}"
    cells = (
        str(rated.finding.number),
        rating_text(rated.by_image),
        after,
        shares,
        brock_text(rated.finding, context, count=count),
    )
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"


def _nodules(findings: Sequence[ReadFinding]) -> int:
    return sum(finding.verdict != "rejected" for finding in findings)


def _reader_of(scored: SeriesFindings) -> MalignancyReader | None:
    """Return the StarNet that rated the series; ``None`` where it is no longer at hand."""
    rates = scored.malignancy_model
    return reader_at_hand(rates.digest if rates else None, context().settings.work_dir / "models")


def _keep(
    reading: StudyReading,
    scored: SeriesFindings,
    folder: ResultFolder,
    reader: Reader,
    keys: dict[str, str],
) -> None:
    """Rate with what was typed, and make both part of the reading."""
    allowed("decide")
    shared, asked = context(), steps_asked()
    if scored.malignancy_model is None:
        return
    try:
        entered = typed_in(keys)
    except ValidationError:  # of these fields only spiculation can contradict itself
        tell(gettext("A finding cannot be both spiculated and not. Correct the form."))
        return
    try:
        rated = rate(scored, reading.of_series(scored.series_instance_uid), folder, entered)
    except InputError as error:
        tell(error_text(error))
        return
    typed = TypedContext(
        context=entered,
        reader=reader.name,
        at=time.time(),
        model=scored.malignancy_model,
        ratings=[
            TypedRating(finding=each.finding.measured.id, malignancy=each.with_words)
            for each in rated
            if each.with_words is not None and isinstance(each.finding.measured, Finding)
        ],
    )
    try:
        type_context(
            shared.store, reading.study.key, folder, typed, seen_version=reading.study.version
        )
        asked.written()
    except (ReviewRefusedError, StoreUnavailableError) as error:
        tell(not_saved(error))
