"""Below the findings: the malignancy rating of each, before and after clinical context is given."""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

import streamlit as st
from pydantic import ValidationError

from app.web.context import context
from app.web.failures import error_text, not_saved
from app.web.reading.brock_text import brock_text
from app.web.security.identity import Reader, allowed
from app.web.session import tell
from app.web.words import gettext, words
from medical.detection.findings import Finding, Malignancy, SeriesFindings
from medical.detection.malignancy import malignancy_of
from medical.errors import InputError
from medical.i18n.messages import Message
from medical.malignancy.context import MAX_TEXT, ClinicalContext
from medical.malignancy.reader import MalignancyReader, reader_at_hand
from medical.nodule.guidelines.assessment import MAX_AGE_YEARS, Demographics
from medical.plain_text import as_markdown
from medical.report.malignancy import CONTEXT_ANSWERS, rating_note, rating_text
from medical.results.folder import ResultFolder
from medical.results.images import ViewerImages
from medical.results.typed_context import TypedContext, TypedRating
from medical.review import terms
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
            _form(reading, scored, folder, stored, images, reader)
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
        st.html(rating_table(rated, _with_header(stored, images), count=_nodules(findings)))
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


def _with_header(context: ClinicalContext | None, images: ViewerImages | None) -> ClinicalContext:
    """Take age and sex from the header where they were not entered."""
    known = context or ClinicalContext()
    header = images.header if images is not None else Demographics()
    female = None if header.sex is None else header.sex == "F"
    return known.model_copy(
        update={
            "age_years": header.age_years if known.age_years is None else known.age_years,
            "female": female if known.female is None else known.female,
        }
    )


def _reader_of(scored: SeriesFindings) -> MalignancyReader | None:
    """Return the StarNet that rated the series; ``None`` where it is no longer at hand."""
    rates = scored.malignancy_model
    return reader_at_hand(rates.digest if rates else None, context().settings.work_dir / "models")


def _form(
    reading: StudyReading,
    scored: SeriesFindings,
    folder: ResultFolder,
    stored: ClinicalContext | None,
    images: ViewerImages | None,
    reader: Reader,
) -> None:
    closed = reading.study.status == "signed" or not reader.name
    entered = _with_header(stored, images)
    proposed = images.words if images is not None and stored is None else ""
    with st.form(f"context-{reading.study.key}-{scored.series_instance_uid}"):
        text = st.text_area(
            gettext("Request, prior report, or the nodule's looks"),
            (stored.text if stored else proposed)[:MAX_TEXT],
            max_chars=MAX_TEXT,
            disabled=closed,
        )
        age, sex, pack_years, *others = st.columns(6)
        known = {
            "text": text,
            "age_years": age.number_input(
                gettext("Age in years"), 0.0, float(MAX_AGE_YEARS), entered.age_years,
                step=1.0, format="%g", disabled=closed,
            ),
            "female": _sex(sex, entered.female, closed=closed),
            "pack_years": pack_years.number_input(
                gettext("Pack-years"), 0.0, float(_MAX_PACK_YEARS), entered.pack_years,
                step=1.0, format="%g", disabled=closed,
            ),
        }  # fmt: skip
        for place, (name, title) in zip(others, CONTEXT_ANSWERS, strict=True):
            known[name] = _answer(place, title, getattr(entered, name), closed=closed)
        known |= _spiculation([finding.id for finding in scored.findings], entered, closed=closed)
        if st.form_submit_button(gettext("Rate with this context"), disabled=closed):
            try:
                typed = ClinicalContext.model_validate(known)
            except ValidationError:  # of these fields only spiculation can contradict itself
                tell(gettext("A finding cannot be both spiculated and not. Correct the form."))
            else:
                _keep(reading, scored, folder, typed, reader)
            st.rerun()


def _spiculation(
    numbers: list[int], entered: ClinicalContext, *, closed: bool
) -> dict[str, object]:
    """Ask which findings are spiculated and which are not; Brock's model 2b needs it."""
    titles = {
        "spiculated": gettext("Spiculated findings"),
        "not_spiculated": gettext("Findings without spiculation"),
    }
    return {
        name: tuple(
            place.multiselect(
                title,
                numbers,
                [number for number in getattr(entered, name) if number in numbers],
                placeholder=gettext("not known"),
                disabled=closed,
            )
        )
        for place, (name, title) in zip(st.columns(2), titles.items(), strict=True)
    }


def _keep(
    reading: StudyReading,
    scored: SeriesFindings,
    folder: ResultFolder,
    entered: ClinicalContext,
    reader: Reader,
) -> None:
    """Rate with what was typed, and make both part of the reading."""
    allowed("decide")
    if scored.malignancy_model is None:
        return
    rated = rate(scored, reading.of_series(scored.series_instance_uid), folder, entered)
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
            context().store, reading.study.key, folder, typed, seen_version=reading.study.version
        )
    except (ReviewRefusedError, StoreUnavailableError) as error:
        tell(not_saved(error))


def _sex(place: st.delta_generator.DeltaGenerator, female: bool | None, *, closed: bool) -> object:
    sexes = tuple(terms.SEXES)
    chosen = place.selectbox(
        gettext("Sex"),
        sexes,
        index=None if female is None else sexes.index("F" if female else "M"),
        format_func=lambda sex: words().among(terms.SEXES, sex),
        placeholder=gettext("not known"),
        disabled=closed,
    )
    return None if chosen is None else chosen == "F"


def _answer(
    place: st.delta_generator.DeltaGenerator, title: Message, value: bool | None, *, closed: bool
) -> object:
    return place.selectbox(
        words().translate(title),
        (True, False),
        index=None if value is None else (0 if value else 1),
        format_func=lambda answer: gettext("yes") if answer else gettext("no"),
        placeholder=gettext("not known"),
        disabled=closed,
    )
