"""How the malignancy rating is worded, everywhere the same: it is no probability of cancer."""

from __future__ import annotations

from collections.abc import Mapping

from medical.detection.findings import Finding, Malignancy, RatingModel, SeriesFindings
from medical.i18n.catalogue import Translator
from medical.i18n.messages import Message, message
from medical.i18n.moments import Moment
from medical.malignancy.context import ClinicalContext
from medical.results.typed_context import TypedContext
from medical.review.interval_text import interval_text
from medical.review.terms import SEXES

CONTEXT_ANSWERS: tuple[tuple[str, Message], ...] = (
    ("emphysema", message("Emphysema")),
    ("cancer_history", message("History of cancer")),
    ("family_history", message("Family history of lung cancer")),
)
"""What the form asks with yes or no, by the field of ``ClinicalContext``."""
WAYS: Mapping[str, Message] = {
    "histology": message("histology"),
    "cytology": message("cytology"),
    "follow-up": message("follow-up"),
    "clinical": message("clinical course"),
}
"""How an outcome is known."""


def rating_text(malignancy: Malignancy) -> str:
    """Two decimals, with the interval in brackets."""
    return f"{malignancy.risk:.2f} ({interval_text(*malignancy.ci95, '.2f')})"


def rating_line(malignancy: Malignancy, labels: Translator) -> str:
    """One sentence of a finding."""
    if malignancy.text_weight == 0:
        return labels(
            "Malignancy rating {rating}, by the image alone.", rating=rating_text(malignancy)
        )
    return labels(
        "Malignancy rating {rating}, {image} by the image, {text} by what is written.",
        rating=rating_text(malignancy),
        image=f"{malignancy.image_weight:.0%}",
        text=f"{malignancy.text_weight:.0%}",
    )


def rating_lines(
    finding: Finding, typed: TypedContext | None, labels: Translator
) -> tuple[str, ...]:
    """Say a finding's rating as scored, then the one with what a reader typed, where there is one.

    Args:
        finding: the model's.
        typed: of its series.
        labels: translate.
    """
    as_scored = (rating_line(finding.malignancy, labels),) if finding.malignancy else ()
    with_typed = typed.of(finding.id) if typed else None
    if with_typed is None:
        return as_scored
    return (
        *as_scored,
        labels(
            "With the typed context {rating}, {image} by the image, {text} by what is written.",
            rating=rating_text(with_typed),
            image=f"{with_typed.image_weight:.0%}",
            text=f"{with_typed.text_weight:.0%}",
        ),
    )


def typed_note(typed: TypedContext, labels: Translator) -> str:
    """Say what was typed, by whom, and that the result does not hold it."""
    return labels(
        "Clinical context typed by {name}, {at}: {text}. Ratings with it are part of this "
        "reading; the stored result stays as it was scored.",
        name=typed.reader,
        at=Moment.of(typed.at),
        text="; ".join(_told(typed.context, labels)),
    )


def _told(context: ClinicalContext, labels: Translator) -> list[str]:
    """Say what is known, in the words of the form."""
    answers = {True: labels("yes"), False: labels("no")}
    sex = {None: None, True: "F", False: "M"}[context.female]
    known = (
        (labels("Age in years"), None if context.age_years is None else f"{context.age_years:g}"),
        (labels("Sex"), None if sex is None else labels.among(SEXES, sex)),
        (labels("Pack-years"), None if context.pack_years is None else f"{context.pack_years:g}"),
        *(
            (labels.translate(title), answers.get(getattr(context, name)))
            for name, title in CONTEXT_ANSWERS
        ),
    )
    numbers = (
        (labels("Spiculated findings"), context.spiculated),
        (labels("Findings without spiculation"), context.not_spiculated),
    )
    known += tuple((title, ", ".join(map(str, each)) or None) for title, each in numbers)
    facts = [f"{title}: {value}" for title, value in known if value is not None]
    return [context.text.strip(), *facts] if context.text.strip() else facts


def rating_note(
    scored: SeriesFindings, labels: Translator, typed: TypedContext | None = None
) -> tuple[str, ...]:
    """Say what the rating means, who gives it, and what was typed; nothing without a rating."""
    model = scored.malignancy_model
    if model is None or not any(finding.malignancy for finding in scored.findings):
        return ()
    return (
        meaning(model, labels),
        *((typed_note(typed, labels),) if typed else ()),
    )


def meaning(model: RatingModel, labels: Translator) -> str:
    """Say what a rating by this StarNet means and what taught it, as its card has it."""
    outcomes = model.outcomes
    if outcomes is None:
        return labels(
            "Malignancy rating by {model} {version}: the rating that radiologists would give, "
            "from 0 (highly unlikely) to 1 (highly suspicious); taught on ratings, not on "
            "pathology. It is no probability of cancer.",
            model=model.name,
            version=model.version,
        )
    ways = ", ".join(
        f"{labels.among(WAYS, way)} {count}" for way, count in outcomes.known_by.items()
    )
    return labels(
        "Malignancy rating by {model} {version}: how likely a finding turns out malignant, from 0 "
        "to 1, if malignant and benign were alike frequent; taught on radiologists' ratings, then "
        "on outcomes of this site (findings: {findings}, patients: {patients}, malignant: "
        "{malignant}; known by: {ways}). It is no probability of cancer.",
        model=model.name,
        version=model.version,
        findings=outcomes.findings,
        patients=outcomes.patients,
        malignant=outcomes.malignant,
        ways=ways,
    )
