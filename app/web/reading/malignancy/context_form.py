"""The form of the clinical context: request or prior report, and what is known of the patient."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial

import streamlit as st

from app.web.asked import steps_asked
from app.web.words import gettext, page_language, words
from medical.detection.findings import SeriesFindings
from medical.i18n.messages import Message
from medical.malignancy.context import MAX_TEXT, ClinicalContext
from medical.nodule.guidelines.assessment import MAX_AGE_YEARS, Demographics
from medical.report.malignancy import CONTEXT_ANSWERS
from medical.results.images import ViewerImages
from medical.review import terms

_MAX_PACK_YEARS = 300


def context_form(
    scored: SeriesFindings,
    stored: ClinicalContext | None,
    images: ViewerImages | None,
    *,
    study_key: str,
    closed: bool,
    keep: Callable[[dict[str, str]], None],
) -> None:
    """Draw the form.

    Args:
        scored: the series that it is about.
        stored: what was kept before.
        images: with the header's age, sex and words, which stand in it until something is kept.
        study_key: of its study.
        closed: it can only be read.
        keep: called with the fields' keys once the reader has sent it.
    """
    entered = with_header(stored, images)
    proposed = images.words if images is not None and stored is None else ""
    # What is typed and not sent stays while findings are decided; once it is kept the fields are
    # new ones, which show what was kept.
    form = f"context-{study_key}-{scored.series_instance_uid}"
    digest = hashlib.sha256(stored.model_dump_json().encode()).hexdigest()[:12] if stored else ""
    keys = {
        name: f"{form}-{name}-{digest}-{page_language()}" for name in ClinicalContext.model_fields
    }
    numbers = [finding.id for finding in scored.findings]
    with st.form(form):
        st.text_area(
            gettext("Request, prior report, or the nodule's looks"),
            (stored.text if stored else proposed)[:MAX_TEXT],
            max_chars=MAX_TEXT,
            disabled=closed,
            key=keys["text"],
        )
        age, sex, pack_years, *others = st.columns(6)
        age.number_input(
            gettext("Age in years"), 0.0, float(MAX_AGE_YEARS), entered.age_years,
            step=1.0, format="%g", disabled=closed, key=keys["age_years"],
        )  # fmt: skip
        _sex(sex, entered.female, closed=closed, key=keys["female"])
        pack_years.number_input(
            gettext("Pack-years"), 0.0, float(_MAX_PACK_YEARS), entered.pack_years,
            step=1.0, format="%g", disabled=closed, key=keys["pack_years"],
        )  # fmt: skip
        for place, (name, title) in zip(others, CONTEXT_ANSWERS, strict=True):
            _answer(place, title, getattr(entered, name), closed=closed, key=keys[name])
        _spiculation(numbers, entered, keys, closed=closed)
        st.form_submit_button(
            gettext("Rate with this context"),
            disabled=closed,
            on_click=steps_asked().on_press(f"rate {form}", partial(keep, keys)),
        )


def _spiculation(
    numbers: list[int], entered: ClinicalContext, keys: dict[str, str], *, closed: bool
) -> None:
    """Ask which findings are spiculated and which are not; Brock's model 2b needs it."""
    titles = {
        "spiculated": gettext("Spiculated findings"),
        "not_spiculated": gettext("Findings without spiculation"),
    }
    for place, (name, title) in zip(st.columns(2), titles.items(), strict=True):
        place.multiselect(
            title,
            numbers,
            [number for number in getattr(entered, name) if number in numbers],
            placeholder=gettext("not known"),
            disabled=closed,
            key=keys[name],
        )


def typed_in(keys: dict[str, str]) -> ClinicalContext:
    """Read the form's fields.

    Raises:
        ValidationError: they contradict each other.
    """
    known = {name: st.session_state[key] for name, key in keys.items() if key in st.session_state}
    if (sex := known.get("female")) is not None:
        known["female"] = sex == "F"
    return ClinicalContext.model_validate(known)


def with_header(context: ClinicalContext | None, images: ViewerImages | None) -> ClinicalContext:
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


def _sex(
    place: st.delta_generator.DeltaGenerator, female: bool | None, *, closed: bool, key: str
) -> None:
    sexes = tuple(terms.SEXES)
    place.selectbox(
        gettext("Sex"),
        sexes,
        index=None if female is None else sexes.index("F" if female else "M"),
        format_func=lambda sex: words().among(terms.SEXES, sex),
        placeholder=gettext("not known"),
        disabled=closed,
        key=key,
    )


def _answer(
    place: st.delta_generator.DeltaGenerator,
    title: Message,
    value: bool | None,
    *,
    closed: bool,
    key: str,
) -> None:
    place.selectbox(
        words().translate(title),
        (True, False),
        index=None if value is None else (0 if value else 1),
        format_func=lambda answer: gettext("yes") if answer else gettext("no"),
        placeholder=gettext("not known"),
        disabled=closed,
        key=key,
    )
