"""Rows of a table that somebody saved: comma, semicolon or tab, decimal point or decimal comma.

Spreadsheets write what the country's settings say. What cannot be understood is refused with its
cause; nothing is guessed that could turn a heading into a scan or 12,5 into 125.
"""

from __future__ import annotations

import csv
import gzip
import math
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TextIO

from medical.errors import InputError
from medical.plain_text import counted

SERIES = "seriesuid"
_SERIES_NAMES = frozenset({"seriesuid", "seriesinstanceuid", "seriesid", "series", "uid"})
_SEPARATORS = (",", ";", "\t")
_UID = re.compile(r"[0-9]+(\.[0-9]+)+")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+([eE][+-]?[0-9]+)?")


def read_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Row number (1-based, as editors count) and cells of every row that is not blank.

    Raises:
        InputError: the file cannot be read as text.
    """
    try:
        with _open(path) as file:
            first = next((line for line in file if line.strip()), "")
            file.seek(0)
            reader = csv.reader(file, delimiter=_separator(first))
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield reader.line_num, cells
    except FileNotFoundError:
        raise InputError(path, "does not exist", "Check the path") from None
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            path, f"cannot be read as CSV text ({error})", "Give a CSV file in UTF-8"
        ) from error


def read_column(path: Path) -> Iterator[tuple[int, str]]:
    """Row number and series UID of every row of a list, without its heading.

    Raises:
        InputError: the file cannot be read, or its first row is a heading that is not known.
    """
    rows = read_cells(path)
    number, first = next(rows, (1, [""]))
    at = next((k for k, name in enumerate(first) if _plain(name) in _SERIES_NAMES), None)
    if at is None:
        at = 0
        second = next(rows, None)
        others = [] if second is None else [second]
        if others and _UID.fullmatch(others[0][1][0].strip()) and not _is_uid(first[0]):
            heading = ", ".join(cell.strip() for cell in first)
            raise InputError(
                path,
                f"row {number}: '{heading}' is no series UID, and no heading that is known",
                f"Call the column with the series {SERIES}, or remove the row",
            )
        rows = chain([(number, first)], others, rows)
    for row, cells in rows:
        if len(cells) > at and cells[at].strip():
            yield row, cells[at].strip()


def read_records(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Row number and the needed cells by column name, ``seriesuid`` always among them.

    Raises:
        InputError: a column is missing, or a row has too few or too many values.
    """
    rows = read_cells(path)
    _, heading = next(rows, (1, []))
    names = [name.strip() for name in heading]
    plain = [_column(name) for name in names]
    needed = (SERIES, *columns)
    missing = [name for name in needed if _plain(name) not in plain]
    if missing:
        raise InputError(path, f"row 1: {_missing(missing, names)}", _remedy(missing, names))
    at = {name: plain.index(_plain(name)) for name in needed}
    for row, cells in rows:
        if len(cells) <= max(at.values()):
            raise InputError(
                path, f"row {row} has {counted(len(cells), 'value')}, the heading {len(names)}",
                "Complete the row, or remove it",
            )  # fmt: skip
        if len([cell for cell in cells[len(names) :] if cell.strip()]):
            raise InputError(
                path,
                f"row {row} has {counted(len(cells), 'value')}, the heading {len(names)}: "
                "decimal commas "
                "between commas cannot be told apart",
                "Save the table with decimal points, or with semicolons between the values",
            )
        yield row, {name: cells[k].strip() for name, k in at.items()}


def read_number(path: Path, row: int, name: str, values: dict[str, str]) -> float:
    """Parse a finite number, with a point or a comma.

    Raises:
        InputError: it is none.
    """
    text = values[name]
    if _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(
            path, f"row {row}: {name} must be a finite number, got '{values[name]}'",
            "Correct the value",
        )  # fmt: skip
    return value


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _separator(line: str) -> str:
    """Find what separates the first row's cells; commas win only where they are the most."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(_SEPARATORS, key=bare.count)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _column(name: str) -> str:
    """Fold a heading for comparison: the series' has several names."""
    plain = _plain(name)
    return SERIES if plain in _SERIES_NAMES else plain


def _is_uid(cell: str) -> bool:
    return _UID.fullmatch(cell.strip()) is not None


def _missing(missing: Sequence[str], names: Sequence[str]) -> str:
    columns = ", ".join(names) or "nothing"
    return f"column {', '.join(missing)} is missing; found {columns}"


def _remedy(missing: Sequence[str], names: Sequence[str]) -> str:
    if "coordX" in missing and any("voxel" in n.lower() or n.lower() in "xyzijk" for n in names):
        return (
            "Positions must be LPS millimetres in coordX, coordY and coordZ: convert the voxel "
            "indices with the scan's geometry"
        )
    return f"Add a heading that names {', '.join(missing)}, as LUNA16 does"
