"""Findings whose outcome is known: rows of the table joined with what readers signed.

What StarNet saw of a finding lies beside the result, so the CT itself is not needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select

from medical.detection.findings import Finding
from medical.errors import InputError
from medical.i18n.messages import message
from medical.io.csv_table import wrong_cell
from medical.malignancy.reader import NoduleTokens
from medical.review.reading import ReadFinding, StudyReading
from medical.store.database import Store
from medical.store.series import KeptSeries
from medical.store.tables import StoredSeries
from medical.training.cases.sources.reviewed import signed_readings
from medical.training.malignancy.outcomes.table import How, OutcomeRow


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class KnownFinding:
    """A nodule that a reader confirmed, and what it turned out to be.

    Args:
        patient: pseudonym; two that are alike are one patient.
        malignant: the outcome.
        how: it is known.
        tokens: what StarNet saw, one row.
    """

    patient: str
    malignant: bool
    how: How
    tokens: NoduleTokens


def join_outcomes(
    store: Store, rows: Sequence[OutcomeRow], *, table: Path, digest: str
) -> list[KnownFinding]:
    """Find each row's finding among the signed studies.

    Args:
        store: the reading room's.
        rows: of the table.
        table: its path, for messages.
        digest: of the StarNet that is trained on: only what it saw itself can teach it.

    Raises:
        InputError: a row names no finding that can be learned from; the message says why.
    """
    readings = signed_readings(store)
    with store.reading() as session:
        patients = {
            (row.study_id, row.series_uid): row.patient
            for row in session.scalars(select(StoredSeries))
        }
    seen: dict[tuple[int, str, int], int] = {}
    known = []
    for row in rows:
        reading, series = _series_of(readings, row, table)
        place = (reading.study.id, series.uid, row.finding)
        if place in seen:
            raise _refused(table, row, "finding", message("is that of row {row}", row=seen[place]))
        seen[place] = row.row
        finding = _finding_of(reading, series, row, table)
        patient = row.patient or patients.get(place[:2], "")
        if not patient:
            raise wrong_cell(
                table,
                row.row,
                "patient",
                message("is empty, and the images do not say whose they are"),
                message("Write a pseudonym of the patient, the same in all rows that are his"),
            )
        known.append(
            KnownFinding(
                patient=hashlib.sha256(patient.encode()).hexdigest(),
                malignant=row.outcome == "malignant",
                how=row.how,
                tokens=_tokens_of(series, finding, row, table, digest),
            )
        )
    return known


def _series_of(
    readings: Sequence[StudyReading], row: OutcomeRow, table: Path
) -> tuple[StudyReading, KeptSeries]:
    matching = [
        (reading, series)
        for reading in readings
        for series in reading.series
        if (not row.series or series.uid == row.series)
        and (not row.study or row.study in (series.scored.study_instance_uid, reading.study.label))
    ]
    if not matching:
        raise _refused(
            table, row, "series" if row.series else "study", message("names no signed study")
        )
    if len({series.uid for _, series in matching}) > 1:
        raise wrong_cell(
            table,
            row.row,
            "study",
            message("has several series"),
            message("Name the series in the column series"),
        )
    return matching[-1]  # of a series that was read twice, the later reading counts


def _finding_of(
    reading: StudyReading, series: KeptSeries, row: OutcomeRow, table: Path
) -> ReadFinding:
    finding = next(
        (each for each in reading.of_series(series.uid) if each.number == row.finding), None
    )
    if finding is None:
        raise _refused(table, row, "finding", message("is no finding of that series"))
    if finding.verdict == "rejected":
        raise _refused(table, row, "finding", message("was rejected: no nodule, no outcome"))
    if finding.origin == "reader":
        raise _refused(
            table, row, "finding", message("was added by a reader: StarNet has not seen it")
        )
    return finding


def _tokens_of(
    series: KeptSeries, finding: ReadFinding, row: OutcomeRow, table: Path, digest: str
) -> NoduleTokens:
    model, numbers = series.scored.malignancy_model, [f.id for f in series.scored.findings]
    tokens = series.folder.malignancy.read_tokens() if series.owns_folder() else None
    again = message("Score the study again with the StarNet that is trained on, or leave it out")
    if tokens is None or model is None or len(tokens.measures) != len(numbers):
        problem = message("what StarNet saw of it is no longer here")
        raise wrong_cell(table, row.row, "finding", problem, again)
    if model.digest != digest:
        problem = message("was rated by another StarNet")
        raise wrong_cell(table, row.row, "finding", problem, again)
    if not isinstance(finding.measured, Finding):
        raise TypeError("a finding of the model is a Finding")
    return tokens.only(numbers.index(finding.measured.id))


def stacked(findings: Sequence[KnownFinding]) -> NoduleTokens:
    """Join the tokens of findings, a row each."""
    parts = zip(*(finding.tokens for finding in findings), strict=True)
    return NoduleTokens(*(np.concatenate(part) for part in parts))


def _refused(table: Path, row: OutcomeRow, column: str, problem: str) -> InputError:
    remedy = message("Correct the row or leave it out")
    return wrong_cell(table, row.row, column, problem, remedy)
