from __future__ import annotations

import copy
import json
from zoneinfo import ZoneInfo

import pytest

from medical.i18n.catalogue import Language, Translator, recognize, translate
from medical.i18n.messages import message, plural_message
from medical.i18n.moments import Moment
from medical.review.refusals import SignedError

EN, ZH = Translator("en"), Translator("zh")


def notes_on(count: int) -> list[str]:
    """A sentence with one count, and one with a count inside."""
    read = plural_message("{count} slice was read", "{count} slices were read", count)
    return [
        plural_message("{count} day earlier.", "{count} days earlier.", count),
        plural_message(
            "{count} slice with {what} was left out of the series; {kept}.",
            "{count} slices with {what} were left out of the series; {kept}.",
            count,
            what=message("another orientation"),
            kept=read,
        ),
    ]


def test_a_message_is_its_english() -> None:
    text = message("Signed by {name}, {at}", name="Anna", at="today")
    assert text == "Signed by Anna, today"
    assert json.dumps(text) == '"Signed by Anna, today"'
    assert translate(text, "en") == "Signed by Anna, today"
    assert translate(text, "zh") == "由 Anna 于 today 签署"


def test_a_count_of_one_is_one() -> None:
    day, slices = notes_on(1)
    assert day == "1 day earlier."
    assert (
        slices == "1 slice with another orientation was left out of the series; 1 slice was read."
    )


def test_other_counts_are_many() -> None:
    day, slices = notes_on(3)
    assert day == "3 days earlier."
    assert slices.startswith("3 slices with another orientation were left out")
    assert plural_message("{count} day earlier.", "{count} days earlier.", 0) == "0 days earlier."


@pytest.mark.parametrize("count", [1, 3])
def test_a_sentence_kept_as_english_is_translated_as_the_message_was(count: int) -> None:
    for note in notes_on(count):
        record = json.loads(json.dumps(note))
        assert type(record) is str
        assert translate(record, "zh") == translate(note, "zh") != note
    assert (
        translate(notes_on(count)[1], "zh")
        == f"序列中有 {count} 层（另一方向）未读取；读取了 {count} 层。"
    )


def test_what_a_person_typed_is_not_translated() -> None:
    assert ZH("Comment: {text}", text="vessel") == "备注：vessel"
    assert ZH("Comment: {text}", text=message("vessel")) == "备注：血管"


def test_what_the_catalogue_does_not_know_stays_as_it_is() -> None:
    assert translate("Something new.", "zh") == "Something new."
    assert recognize("Something new.") is None


def test_braces_in_a_value_are_no_blanks() -> None:
    assert EN("Comment: {text}", text="{name}") == "Comment: {name}"


def test_a_copy_remembers_what_it_was_made_of() -> None:
    text = message("Signed by {name}, {at}", name="Anna", at="today")
    assert translate(copy.deepcopy(text), "zh") == translate(text, "zh")


def test_a_value_of_several_lines_can_be_put_on_one() -> None:
    text = message("Comment: {text}", text="a\n  b")
    assert text.on_one_line() == "Comment: a b"
    assert text.on_one_line().text == text.text


def test_chinese_sentences_stand_without_a_space_between() -> None:
    assert EN.sentences(["One.", "Two."]) == "One. Two."
    assert ZH.sentences(["一。", "二。"]) == "一。二。"


TOKYO = ZoneInfo("Asia/Tokyo")


def test_a_moment_is_told_in_utc_and_named_so_where_it_may_be_kept() -> None:
    sentence = message("Signed by {name}, {at}", name="anna", at=Moment.of(0.0))
    assert sentence == "Signed by anna, 1970-01-01 00:00 UTC"
    assert "1970-01-01 00:00 UTC" in Translator("zh").translate(sentence)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_moment_is_told_by_the_readers_own_clock_on_a_page(language: Language) -> None:
    page = Translator(language, clock=TOKYO)
    assert "1970-01-01 09:00" in page("Signed by {name}, {at}", name="anna", at=Moment.of(0.0))
    assert "UTC" not in page("Signed by {name}, {at}", name="anna", at=Moment.of(0.0))


def test_a_moment_inside_of_a_message_is_told_by_that_clock_too() -> None:
    refusal = SignedError("anna", 0.0)
    outer = message("{text} ({note})", text="Not saved", note=refusal.sentence)
    assert "anna, 1970-01-01 09:00, and" in Translator("en", clock=TOKYO).translate(outer)
    assert "1970-01-01 00:00 UTC" in str(refusal)
