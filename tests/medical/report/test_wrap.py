"""Lines of a report end where they should, in both writings."""

from __future__ import annotations

import pytest

from medical.report.wrap import width, wrap


def test_english_breaks_between_words() -> None:
    assert wrap("a solid nodule of 8 mm", 10) == ["a solid", "nodule of", "8 mm"]


def test_chinese_fills_the_line() -> None:
    assert wrap("右上区实性结节直径", 10) == ["右上区实性", "结节直径"]


def test_mixed_text_keeps_numbers_whole() -> None:
    lines = wrap("直径 10.5 mm（8.7–12.6），体积 429 mm³。", 14)
    assert "".join(lines).replace(" ", "") == "直径10.5mm（8.7–12.6），体积429mm³。"
    assert any("8.7–12.6" in line for line in lines)


def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one() -> None:
    text = "由甲确认。备注：（见前片）、（见后片）；" * 4
    for columns in range(8, 40):
        for line in wrap(text, columns):
            assert line[0] not in "。，、；：）"
            assert line[-1] not in "（"


def test_a_word_longer_than_the_line_is_cut() -> None:
    assert wrap("1.2.840.113619", 5) == ["1.2.8", "40.11", "3619"]


@pytest.mark.parametrize("columns", range(8, 60))
def test_no_line_is_too_wide_and_nothing_is_lost(columns: int) -> None:
    text = "1. 右上区，第 37 层，LPS -58.0 mm：solid nodule 实性结节（8.7–12.6）。 Comment: x"
    lines = wrap(text, columns)
    assert all(width(line) <= columns for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_nothing_is_one_empty_line() -> None:
    assert wrap("", 10) == [""]
