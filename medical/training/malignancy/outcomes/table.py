"""The table of outcomes that a site keeps: what a finding turned out to be, and how it is known.

No cell is quoted in an error: it may name a patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from medical.errors import InputError
from medical.i18n.messages import message
from medical.io.csv_table import read_csv_table, wrong_cell

Outcome = Literal["benign", "malignant"]
How = Literal["histology", "cytology", "follow-up", "clinical"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
HOWS: tuple[How, ...] = get_args(How)
COLUMNS = ("series", "study", "finding", "outcome", "how", "patient")
_NEEDED = ("finding", "outcome", "how")


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


def read_outcomes(path: Path) -> list[OutcomeRow]:
    """Read and check a table.

    Raises:
        InputError: it cannot be read, or a row says what cannot be; the message names row and
            column.
    """
    remedy = message("Give one row a finding")
    rows = read_csv_table(
        path, columns=COLUMNS, needed=_NEEDED, either=("series", "study"), remedy=remedy
    )
    return [_row(path, number, cells) for number, cells in rows]


def _row(path: Path, number: int, cells: dict[str, str]) -> OutcomeRow:
    def wrong(column: str, problem: str) -> InputError:
        return wrong_cell(path, number, column, problem)

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
