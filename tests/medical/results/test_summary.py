"""``summary.csv``: what became of each input of a run."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from medical.results.summary import Summary, SummaryRow


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_it_can_be_read_while_it_grows(tmp_path: Path) -> None:
    summary = Summary(tmp_path)
    summary.enter(SummaryRow("a/b, c", "1.2.3", "k1", "scored", "2", "0.910", "4.1"))
    assert rows(summary.path)[0]["input"] == "a/b, c"
    summary.enter(SummaryRow("broken.dcm", reason="cut short"))
    assert [(row["outcome"], row["findings"], row["reason"]) for row in rows(summary.path)] == [
        ("scored", "2", ""),
        ("failed", "", "cut short"),
    ]


def test_a_new_run_begins_it_anew(tmp_path: Path) -> None:
    Summary(tmp_path).enter(SummaryRow("a"))
    assert rows(Summary(tmp_path).path) == []


def test_a_path_that_is_no_text_ends_no_run(tmp_path: Path) -> None:
    summary = Summary(tmp_path)
    summary.enter(SummaryRow(os.fsdecode(b"in/\xe4.zip"), reason="cut short"))
    (row,) = rows(summary.path)
    assert (row["input"], row["reason"]) == ("in/\\udce4.zip", "cut short")


def test_no_text_of_it_starts_a_formula(tmp_path: Path) -> None:
    summary = Summary(tmp_path)
    summary.enter(SummaryRow("=cmd|' /C calc'!A0", reason="two\nlines"))
    row = rows(summary.path)[0]
    assert row["input"].startswith("'=")
    assert row["reason"] == "two lines"
