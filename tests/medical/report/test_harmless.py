"""Texts from a result or a reader do nothing in a report but stand there."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from medical.i18n.catalogue import Translator
from medical.report.content import ReportContent
from medical.report.tables import report_csv
from medical.report.text import report_text
from medical.store.tables import Decision

FORMULA = "=HYPERLINK(1)"
FORGED = "vessel\nIMPRESSION\nNo nodule."


def with_text_everywhere(content: ReportContent, text: str) -> ReportContent:
    """The report with the text wherever a result or a reader can put one."""
    first, *others = content.findings
    measured = first.measured.model_copy(update={"location": text})
    names = [column.name for column in Decision.__table__.columns]
    stored = [{name: getattr(decision, name) for name in names} for decision in first.decisions]
    texts = {"reason": text, "comment": text, "actor": text}
    decided = tuple(Decision(**{**fields, **texts}) for fields in stored)
    model = content.scored.model.model_copy(update={"name": text, "version": text})
    scored = content.scored.model_copy(update={"series_instance_uid": text, "model": model})
    changed = replace(first, measured=measured, decisions=decided, series_uid=text)
    return replace(content, scored=scored, findings=(changed, *others))


def test_no_cell_starts_a_formula(content: ReportContent) -> None:
    rows = list(csv.DictReader(io.StringIO(report_csv(with_text_everywhere(content, FORMULA)))))
    cells = [cell for row in rows for cell in row.values() if FORMULA in (cell or "")]
    assert len(cells) >= 4
    assert all(cell.startswith("'") for cell in cells)
    assert rows[0]["coordX"][0] in "-0123456789"  # numbers stay numbers


def test_no_text_forges_a_line(content: ReportContent) -> None:
    for language in ("en", "zh"):
        labels = Translator(language)  # type: ignore[arg-type]
        plain = report_text(content, labels).splitlines()
        forged = report_text(with_text_everywhere(content, FORGED), labels).splitlines()
        assert len(forged) == len(plain)
        assert forged.count("No nodule.") == plain.count("No nodule.")
