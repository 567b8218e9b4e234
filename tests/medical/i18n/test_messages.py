from __future__ import annotations

import copy
import json

import pytest

from medical.i18n.catalogue import Translator, recognize, translate
from medical.i18n.messages import message, plural_message

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
