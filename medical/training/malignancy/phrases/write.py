"""Write a nodule's looks and a patient's context as one short report, never twice the same.

What goes in is ``Looks``: LIDC's descriptors and a size. It has no place for the malignancy rating,
so no phrase can carry it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from medical.malignancy.context import ClinicalContext
from medical.training.malignancy.phrases.chinese import CHINESE
from medical.training.malignancy.phrases.english import ENGLISH
from medical.training.malignancy.phrases.errors import with_typing_errors
from medical.training.malignancy.phrases.lexicon import Lexicon, Words

Language = Literal["en", "zh"]
LEXICONS: dict[Language, Lexicon] = {"en": ENGLISH, "zh": CHINESE}
_NUMBERS = ("age_years", "pack_years")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """What a radiologist may say of a nodule's looks.

    Args:
        ratings: by LIDC's names; those that are missing are not mentioned.
        diameter_mm: ``None`` is not mentioned.
    """

    ratings: dict[str, int] = field(default_factory=dict)
    diameter_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a report is written; shares lie between 0 and 1.

    Args:
        language: English or Chinese.
        mentioned: share of descriptors and facts that are mentioned.
        sized: share of reports that tell the size.
        hedged: share of phrases that are hedged.
        short: share of phrases with abbreviations.
        filler: share of reports with a sentence of other matters.
        errors: share of characters with a typing error.
        kept_back: use only the phrases that training never sees.
    """

    language: Language = "en"
    mentioned: float = 0.85
    sized: float = 0.6
    hedged: float = 0.12
    short: float = 0.15
    filler: float = 0.3
    errors: float = 0.01
    kept_back: bool = False


def write_report(
    looks: Looks, context: ClinicalContext | None, *, style: Style, rng: np.random.Generator
) -> str:
    """Write one report; its phrases come in any order."""
    lexicon = LEXICONS[style.language]
    phrases = [
        _shortened(_hedged(_pick(words, style, rng), lexicon, style, rng), lexicon, style, rng)
        for words in _words_of(looks, lexicon)
        if rng.random() < style.mentioned
    ]
    if looks.diameter_mm is not None and rng.random() < style.sized:
        phrases.append(_size(looks.diameter_mm, lexicon, style, rng))
    if context is not None:
        phrases += _facts(context, lexicon, style, rng)
    if rng.random() < style.filler:
        phrases.append(_any(lexicon.filler, rng))
    phrases = [phrases[index] for index in rng.permutation(len(phrases))]
    joint = _any(lexicon.joints[:4], rng)
    whole = joint.join(phrases) + (_any(lexicon.ends, rng) if phrases else "")
    if style.language == "en" and rng.random() < 0.5:
        whole = whole[:1].upper() + whole[1:]
    return with_typing_errors(whole, share=style.errors, rng=rng)


def draw_context(rng: np.random.Generator) -> ClinicalContext:
    """Draw a patient of whom each fact may be unknown; nothing of it is any nodule's."""

    def maybe(value: object) -> object:
        return value if rng.random() < 0.6 else None

    return ClinicalContext.model_validate(
        {
            "age_years": maybe(int(rng.integers(30, 95))),
            "female": maybe(bool(rng.random() < 0.5)),
            "pack_years": maybe(int(rng.integers(1, 100))),
            "emphysema": maybe(bool(rng.random() < 0.5)),
            "cancer_history": maybe(bool(rng.random() < 0.5)),
            "upper_lobe": maybe(bool(rng.random() < 0.5)),
        }
    )


def _words_of(looks: Looks, lexicon: Lexicon) -> list[Words]:
    return [lexicon.looks[name][rating] for name, rating in looks.ratings.items()]


def _pick(words: Words, style: Style, rng: np.random.Generator) -> str:
    """Pick a phrase: the last is kept back to test with, where there are at least three."""
    if len(words) < 3:
        return _any(words, rng)
    return words[-1] if style.kept_back else _any(words[:-1], rng)


def _any(words: Words, rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]


def _hedged(phrase: str, lexicon: Lexicon, style: Style, rng: np.random.Generator) -> str:
    if rng.random() >= style.hedged:
        return phrase
    return _any(lexicon.unsure, rng).format(phrase)


def _shortened(phrase: str, lexicon: Lexicon, style: Style, rng: np.random.Generator) -> str:
    for word, short in lexicon.short.items():
        if word in phrase and rng.random() < style.short:
            phrase = phrase.replace(word, short)
    return phrase


def _size(diameter_mm: float, lexicon: Lexicon, style: Style, rng: np.random.Generator) -> str:
    in_mm = rng.random() < 0.6
    form = _pick(lexicon.millimetres if in_mm else lexicon.centimetres, style, rng)
    number = form.format(diameter_mm if in_mm else diameter_mm / 10)
    return _pick(lexicon.size, style, rng).format(number)


def _facts(
    context: ClinicalContext, lexicon: Lexicon, style: Style, rng: np.random.Generator
) -> list[str]:
    facts = []
    for name, (yes, no) in lexicon.context.items():
        value = getattr(context, name)
        if value is None:
            continue
        words = yes if name in _NUMBERS or value else no
        facts.append(_pick(words, style, rng).format(f"{value:g}"))
    return facts
