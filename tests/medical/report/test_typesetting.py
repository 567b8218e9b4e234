"""Lines of Chinese text end where they may."""

from __future__ import annotations

import pytest

from medical.report.font.typesetting import chinese_lines

SIZE = 10.0


def lines(text: str, characters: int) -> list[str]:
    """Lines as wide as so many Chinese characters."""
    return chinese_lines(text, size=SIZE, width=characters * SIZE)


def test_chinese_fills_the_line() -> None:
    assert lines("右上区实性结节直径", 5) == ["右上区实性", "结节直径"]


def test_mixed_text_keeps_numbers_whole() -> None:
    text = "直径 10.5 mm（8.7–12.6），体积 429 mm³。"
    broken = lines(text, 7)
    assert "".join(broken).replace(" ", "") == text.replace(" ", "")
    assert all(number in "\n".join(broken) for number in ("10.5", "（8.7–12.6），", "429"))


@pytest.mark.parametrize("mark", "。，、；：？！）")
def test_closing_punctuation_never_begins_a_line(mark: str) -> None:
    assert lines(f"右上区实性{mark}结节", 5)[1].startswith(f"性{mark}")


def test_an_opening_bracket_never_ends_a_line() -> None:
    assert lines("右上区实（结节）", 5) == ["右上区实", "（结节）"]


def test_a_word_wider_than_a_line_is_cut() -> None:
    broken = lines("W" * 20, 3)
    assert "".join(broken) == "W" * 20
    assert max(map(len, broken)) < 6
