from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import get_args

import numpy as np
import pytest

from medical.malignancy.context import ClinicalContext
from medical.training.malignancy.batches import looks_of
from medical.training.malignancy.nodules import DESCRIPTORS, Nodule
from medical.training.malignancy.phrases.errors import with_typing_errors
from medical.training.malignancy.phrases.senseless import nonsense, without_order
from medical.training.malignancy.phrases.write import (
    LEXICONS,
    Language,
    Looks,
    Style,
    draw_context,
    write_report,
)
from models.starnet.tokenizer import read_numbers

_PLAIN = Style(mentioned=1.0, sized=1.0, hedged=0.0, short=0.0, filler=0.0, errors=0.0)
_RATINGS = dict(zip(DESCRIPTORS, (5, 6, 3, 2, 4, 5, 1), strict=True))


def _report(looks: Looks, style: Style = _PLAIN, *, seed: int = 0) -> str:
    return write_report(looks, None, style=style, rng=np.random.default_rng(seed))


def _nodule(malignancy: int) -> Nodule:
    empty = np.zeros((2, 2, 2), np.float32)
    return Nodule(
        name="a",
        patient="p",
        hu=empty,
        mask=empty > 0,
        diameter_mm=9.0,
        descriptors=_RATINGS,
        malignancy=malignancy,
        readers=((1, 1, 1, 1, 1, 1, 1, malignancy),),
    )


def test_a_report_does_not_depend_on_the_malignancy() -> None:
    reports = {_report(looks_of(_nodule(rating)), Style(), seed=4) for rating in range(1, 6)}
    assert len(reports) == 1


def test_what_is_written_has_no_place_for_the_malignancy() -> None:
    assert {field.name for field in fields(Looks)} == {"ratings", "diameter_mm"}
    assert "malignancy" not in DESCRIPTORS
    for language in get_args(Language):
        assert set(LEXICONS[language].looks) == set(DESCRIPTORS)


def test_no_phrase_speaks_of_malignancy() -> None:
    words = re.compile(r"malign|benign|suspicio|恶性|良性|可疑")
    for lexicon in LEXICONS.values():
        looks = [phrase for by in lexicon.looks.values() for each in by.values() for phrase in each]
        context = [phrase for pair in lexicon.context.values() for each in pair for phrase in each]
        rest = [*lexicon.filler, *lexicon.size, *lexicon.unsure, *lexicon.short.values()]
        assert not [phrase for phrase in (*looks, *context, *rest) if words.search(phrase)]


@pytest.mark.parametrize("language", get_args(Language))
def test_every_rating_has_phrases_of_its_own(language: Language) -> None:
    for descriptor, by_rating in LEXICONS[language].looks.items():
        highest = 6 if descriptor == "calcification" else 5
        assert sorted(by_rating) == list(range(1, highest + 1))
        phrases = [phrase for each in by_rating.values() for phrase in each]
        assert len(phrases) == len(set(phrases))


@pytest.mark.parametrize("language", get_args(Language))
def test_all_that_is_mentioned_stands_in_the_report(language: Language) -> None:
    text = _report(Looks(ratings=_RATINGS), replace(_PLAIN, language=language)).lower()
    for descriptor, rating in _RATINGS.items():
        phrases = LEXICONS[language].looks[descriptor][rating]
        assert any(phrase.lower() in text for phrase in phrases)


def test_reports_differ_in_order_and_words() -> None:
    assert len({_report(Looks(ratings=_RATINGS), seed=seed) for seed in range(30)}) == 30


def test_sizes_are_true_in_either_unit() -> None:
    for seed in range(40):
        _, values = read_numbers(_report(Looks(diameter_mm=12.0), seed=seed))
        assert values == pytest.approx([12.0], abs=0.6)


def test_phrases_kept_back_are_never_taught() -> None:
    taught = {_report(Looks(ratings={"texture": 5}), seed=seed).lower() for seed in range(60)}
    phrase = LEXICONS["en"].looks["texture"][5][-1]
    assert not any(phrase in text for text in taught)
    assert phrase in _report(Looks(ratings={"texture": 5}), replace(_PLAIN, kept_back=True)).lower()


def test_typing_errors_leave_digits_alone() -> None:
    text = "nodule of 12 mm, 67 years"
    wrong = with_typing_errors(text, share=0.5, rng=np.random.default_rng(1))
    assert wrong != text
    assert re.findall(r"\d+", wrong) == ["12", "67"]


def test_without_errors_the_text_stays() -> None:
    assert with_typing_errors("毛刺 abc", share=0.0, rng=np.random.default_rng(1)) == "毛刺 abc"


def test_context_is_written_where_it_is_known() -> None:
    context = ClinicalContext(age_years=67, female=True)
    text = write_report(Looks(), context, style=_PLAIN, rng=np.random.default_rng(0))
    assert 67 in read_numbers(text)[1]
    assert any(word in text.lower() for word in ("female", "woman"))


def test_draws_of_patients_and_nonsense_repeat() -> None:
    for draw in (draw_context, nonsense):
        assert draw(np.random.default_rng(3)) == draw(np.random.default_rng(3))


def test_words_without_order_are_the_same_words() -> None:
    text = "smooth margin, 8 mm, solid"
    mixed = without_order(text, np.random.default_rng(1))
    assert mixed != text
    assert sorted(mixed.split()) == sorted(text.split())


def test_chinese_without_order_has_the_same_letters() -> None:
    assert sorted(without_order("边界清楚", np.random.default_rng(2))) == sorted("边界清楚")


def test_senseless_texts_are_of_many_kinds() -> None:
    texts = [nonsense(np.random.default_rng((4, number))) for number in range(200)]
    assert len(set(texts)) > 150
    assert any("kidney" in text for text in texts)
    assert any("肾" in text for text in texts)
