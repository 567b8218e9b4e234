"""The table of outcomes that a site keeps: what a finding turned out to be, and how it is known.

No cell is quoted in an error: it may name a patient.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from medical.errors import InputError
from medical.i18n.messages import message

Outcome = Literal["benign", "malignant"]
How = Literal["histology", "cytology", "follow-up", "clinical"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
HOWS: tuple[How, ...] = get_args(How)
COLUMNS = ("series", "study", "finding", "outcome", "how", "patient")
_NEEDED = ("finding", "outcome", "how")
_MAX_BYTES = 64_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRow:
    """One row.

    Args:
        row: its number in the file; the header is row 1.
        series: Series Instance UID; empty where the study is named.
        study: Study Instance UID or the reading room's label; empty where the series is named.
        finding: its number in the series.
        outcome: what it turned out to be.
        how: it is known.
        patient: whose it is; empty: as the images say.
    """

    row: int
    series: str
    study: str
    finding: int
    outcome: Outcome
    how: How
    patient: str


def wrong_row(path: Path, number: int, column: str, problem: str, remedy: str) -> InputError:
    """Return the error that names row and column."""
    place = message(
        "row {row}, column {column}: {problem}", row=number, column=column, problem=problem
    )
    return InputError(path, place, remedy)


def read_outcomes(path: Path) -> list[OutcomeRow]:
    """Read and check a table.

    Raises:
        InputError: it cannot be read, or a row says what cannot be; the message names row and
            column.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(
                path, message("is larger than any table of outcomes"), message("Give a CSV table")
            )
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            _check_columns(path, list(reader.fieldnames or []))
            rows = [_row(path, number, cells) for number, cells in enumerate(reader, start=2)]
    except OSError as error:
        raise InputError(
            path, message("cannot be read"), message("Check that the file exists")
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            path, message("is no CSV table in UTF-8"), message("Save it as CSV in UTF-8")
        ) from error
    if not rows:
        raise InputError(path, message("holds no row"), message("Give one row a finding"))
    return rows


def _check_columns(path: Path, columns: list[str]) -> None:
    remedy = message("Give a CSV table with the columns {columns}", columns=", ".join(COLUMNS))
    for name in _NEEDED:
        if name not in columns:
            raise InputError(path, message("has no column {column}", column=name), remedy)
    if "series" not in columns and "study" not in columns:
        raise InputError(path, message("has no column {column}", column="series"), remedy)
    for name in columns:
        if name not in COLUMNS:
            problem = message("has a column that is not known: {column}", column=str(name)[:40])
            raise InputError(path, problem, remedy)


def _row(path: Path, number: int, raw: dict[str, str]) -> OutcomeRow:
    correct = message("Correct the table")

    def wrong(column: str, problem: str) -> InputError:
        return wrong_row(path, number, column, problem, correct)

    if None in raw:
        raise wrong("finding", message("is followed by more cells than columns"))
    cells = {name: (raw.get(name) or "").strip() for name in COLUMNS}
    if not cells["series"] and not cells["study"]:
        raise wrong("series", message("is empty, and so is the study"))
    finding = cells["finding"]
    if not (finding.isascii() and finding.isdigit() and len(finding) < 6 and int(finding) >= 1):
        raise wrong("finding", message("must be the finding's number, from 1"))
    outcome, how = cells["outcome"].lower(), cells["how"].lower()
    if outcome not in OUTCOMES:
        raise wrong("outcome", message("must be one of {words}", words=", ".join(OUTCOMES)))
    if how not in HOWS:
        raise wrong("how", message("must be one of {words}", words=", ".join(HOWS)))
    return OutcomeRow(
        row=number,
        series=cells["series"],
        study=cells["study"],
        finding=int(finding),
        outcome=outcome,
        how=how,
        patient=cells["patient"],
    )
