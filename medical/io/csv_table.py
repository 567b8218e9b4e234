"""A CSV table that somebody keeps by hand: named columns, one row a thing, cells without blanks.

Nothing of a row is quoted in an error: it may name a patient.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from medical.errors import InputError
from medical.i18n.messages import message

_MAX_BYTES = 64_000_000


def read_csv_table(
    path: Path,
    *,
    columns: Sequence[str],
    needed: Sequence[str],
    either: Sequence[str] = (),
    remedy: str,
) -> list[tuple[int, dict[str, str]]]:
    """Read a table's rows.

    Args:
        path: of the table, in UTF-8.
        columns: all that are known; those that are missing are empty cells.
        needed: those that must be there.
        either: of these one must be there.
        remedy: what to do where there is no row.

    Returns:
        Each row's number, the header being row 1, and its cells by column.

    Raises:
        InputError: it cannot be read, has other columns, or holds no row.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            problem = message("is larger than any such table")
            raise InputError(path, problem, message("Give a CSV table"))
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            _check_columns(path, list(reader.fieldnames or []), columns, needed, either)
            rows = []
            for number, raw in enumerate(reader, start=2):
                if None in raw:
                    problem = message("is followed by more cells than columns")
                    raise wrong_cell(path, number, needed[0], problem)
                cells = {name: (raw.get(name) or "").strip() for name in columns}
                rows.append((number, cells))
    except OSError as error:
        raise InputError(
            path, message("cannot be read"), message("Check that the file exists")
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            path, message("is no CSV table in UTF-8"), message("Save it as CSV in UTF-8")
        ) from error
    if not rows:
        raise InputError(path, message("holds no row"), remedy)
    return rows


def wrong_cell(
    path: Path, row: int, column: str, problem: str, remedy: str | None = None
) -> InputError:
    """Return the error that names row and column."""
    place = message(
        "row {row}, column {column}: {problem}", row=row, column=column, problem=problem
    )
    return InputError(path, place, remedy or message("Correct the table"))


def _check_columns(
    path: Path,
    there: Sequence[str],
    columns: Sequence[str],
    needed: Sequence[str],
    either: Sequence[str],
) -> None:
    remedy = message("Give a CSV table with the columns {columns}", columns=", ".join(columns))
    lacking = [name for name in needed if name not in there]
    if either and not set(either) & set(there):
        lacking.append(either[0])
    if lacking:
        raise InputError(path, message("has no column {column}", column=lacking[0]), remedy)
    for name in there:
        if name not in columns:
            problem = message("has a column that is not known: {column}", column=str(name)[:40])
            raise InputError(path, problem, remedy)
