"""Clinical context of many studies as a CSV table: ``starlung score --context``.

One row a study or series: ``study`` holds its UID, or the path of what is scored. All other columns
may be missing, and cells may be empty: not known. Nothing of a row is quoted in an error: it may
name the patient.
"""

from __future__ import annotations

from pathlib import Path

from medical.i18n.messages import message
from medical.io.csv_table import read_csv_table, wrong_cell
from medical.io.series_handle import SeriesHandle
from medical.malignancy.context import MAX_TEXT, ClinicalContext

STUDY = "study"
_NUMBERS = {"age": "age_years", "pack_years": "pack_years"}
_YES_NO = {"emphysema": "emphysema", "cancer_history": "cancer_history"}
COLUMNS = (STUDY, "text", "sex", *_NUMBERS, *_YES_NO)
_SEXES = {"f": True, "female": True, "m": False, "male": False, "女": True, "男": False}
_ANSWERS = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}


class ContextTable:
    """Clinical context by study.

    Args:
        path: of the table, for messages.
        rows: context by UID or path as written.
    """

    def __init__(self, path: Path, rows: dict[str, ClinicalContext]) -> None:
        self.path, self._rows = path, rows
        self._by_path = {Path(name).resolve(): context for name, context in rows.items()}

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    def of(self, handle: SeriesHandle) -> ClinicalContext | None:
        """Return a series' context: by its UID, its study's, its path or that of a folder above.

        Args:
            handle: of the series.
        """
        for uid in (handle.series_instance_uid, handle.study_instance_uid):
            if uid and uid in self._rows:
                return self._rows[uid]
        path = handle.path.resolve()
        for place in (path / handle.below, path, *path.parents):
            if place in self._by_path:
                return self._by_path[place]
        return None


def context_of(handle: SeriesHandle, table: ContextTable | None) -> ClinicalContext | None:
    """Return what is known of a series: by the table, with the words of a report beside the CT.

    Args:
        handle: of the series.
        table: what it says goes first; words of a report stand where it has no text.
    """
    given = table.of(handle) if table is not None else None
    if given is not None and given.text:
        return given
    words = handle.report_words(most=MAX_TEXT)
    if not words:
        return given
    return (given or ClinicalContext()).model_copy(update={"text": words})


def read_context_table(path: Path) -> ContextTable:
    """Read and check a table.

    Raises:
        InputError: it cannot be read, or a row says what cannot be; the message names row and
            column.
    """
    remedy = message("Give one row a study")
    contexts: dict[str, ClinicalContext] = {}
    for number, cells in read_csv_table(path, columns=COLUMNS, needed=(STUDY,), remedy=remedy):
        name = cells[STUDY]
        if not name:
            raise wrong_cell(path, number, STUDY, message("is empty"))
        if name in contexts:
            raise wrong_cell(path, number, STUDY, message("names a study a second time"))
        contexts[name] = _context(path, number, cells)
    return ContextTable(path, contexts)


def _context(path: Path, number: int, cells: dict[str, str]) -> ClinicalContext:
    known: dict[str, object] = {}
    for column, field in _NUMBERS.items():
        if cells[column]:
            known[field] = _number(path, number, column, cells[column])
    for column, field in _YES_NO.items():
        if cells[column]:
            answer = _ANSWERS.get(cells[column].lower())
            if answer is None:
                raise wrong_cell(path, number, column, message("must be yes or no"))
            known[field] = answer
    if cells["sex"]:
        female = _SEXES.get(cells["sex"].lower())
        if female is None:
            raise wrong_cell(path, number, "sex", message("must be F or M"))
        known["female"] = female
    if len(cells["text"]) > MAX_TEXT:
        raise wrong_cell(
            path, number, "text", message("is too long; the limit is {most}", most=MAX_TEXT)
        )
    return ClinicalContext.model_validate({**known, "text": cells["text"]})


def _number(path: Path, number: int, column: str, cell: str) -> float:
    most = 120 if column == "age" else 300
    try:
        value = float(cell)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise wrong_cell(
            path, number, column, message("must be a number from 0 to {most}", most=most)
        )
    return value
