"""``OUT/summary.csv``: what became of each input of a run, a line each, readable while it grows.

It maps the paths that were given to series, patients' pseudonyms, findings and outcomes; a new run
into the same folder writes it anew, what is there already among it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from medical.plain_text import csv_cell

SUMMARY = "summary.csv"


class SummaryRow(NamedTuple):
    """One series, or one input that gave none.

    Args:
        input: what was given, or the series' folder below it.
        series_instance_uid: empty where it has none.
        patient: pseudonym; empty where the input does not say whose images it holds.
        outcome: ``scored``, ``there already`` or ``failed``.
        findings: how many reach the operating point; empty where it failed.
        strongest: highest probability among them, 0 to 1; empty where there is none.
        seconds: from reading to writing.
        reason: why it failed, in a sentence.
    """

    input: str
    series_instance_uid: str = ""
    patient: str = ""
    outcome: str = "failed"
    findings: str = ""
    strongest: str = ""
    seconds: str = ""
    reason: str = ""


def input_of(out: Path, series_instance_uid: str) -> str | None:
    """Return the input that a run's summary names for a series; ``None`` where it names none.

    Args:
        out: the run's folder.
        series_instance_uid: of the series.
    """
    try:
        with (out / SUMMARY).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row.get("series_instance_uid") == series_instance_uid:
                    return row.get("input") or None
    except (OSError, UnicodeDecodeError, csv.Error):
        return None
    return None


class Summary:
    """The summary of the run that begins now.

    Args:
        out: the folder; it exists.

    Raises:
        OSError: it cannot be written.
    """

    def __init__(self, out: Path) -> None:
        self.path = out / SUMMARY
        self.path.write_text(_line(SummaryRow._fields), "utf-8")

    def enter(self, row: SummaryRow) -> None:
        """Add a line; no text of it can start a spreadsheet's formula.

        Raises:
            OSError: it cannot be written.
        """
        with self.path.open("a", encoding="utf-8", newline="") as file:
            file.write(_line([_written(text) for text in row]))


def _written(text: str) -> object:
    # a file's name may hold bytes that are no text; \xff stands for such a one
    return csv_cell(text.encode("utf-8", "backslashreplace").decode())


def _line(cells: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()
