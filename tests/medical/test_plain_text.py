from __future__ import annotations

import pytest

from medical.plain_text import as_markdown, csv_cell, one_line
from medical.report.text import Section

ATTACKS = [
    "=HYPERLINK('http://evil')",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1",
    "\u202e=1",
]


@pytest.mark.parametrize("text", ATTACKS)
def test_no_cell_is_a_formula(text: str) -> None:
    cell = csv_cell(text)
    assert str(cell).startswith("'")
    assert "\n" not in str(cell)


def test_numbers_and_plain_texts_stay() -> None:
    assert csv_cell(-3.5) == -3.5
    assert csv_cell("1.2.840") == "1.2.840"
    assert csv_cell(None) is None


@pytest.mark.parametrize("gap", ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_no_text_adds_a_line_to_a_report(gap: str) -> None:
    forged = f"small{gap}IMPRESSION{gap}No nodule."
    section = Section("Findings", (forged,))
    assert len("\n".join(section.lines).splitlines()) == 1
    assert len(one_line(forged).splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "![x](http://evil.example/p.png)",
        "[login](http://evil.example)",
        "<http://evil.example>",
        "# big",
        "$x$",
        ":material/check:",
        ":red[gone]",
        "a\n\n- list",
        "**bold** _it_ `code` ~~no~~",
        "| a | b |",
        "http://evil.example",
    ],
)
def test_markdown_shows_a_text_as_it_stands(text: str) -> None:
    shown = as_markdown(text)
    assert "\n" not in shown
    for mark in "[]()<>*_`$:|#!~":
        assert shown.count(mark) == shown.count(f"\\{mark}")
