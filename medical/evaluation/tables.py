"""Read the four LUNA16 tables: reference and irrelevant findings, list of scans, candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medical.errors import InputError
from medical.evaluation.table_rows import read_column, read_number, read_records
from medical.plain_text import counted

_POSITION = ("coordX", "coordY", "coordZ")
# LUNA16 writes -1 where radiologists gave no size; its evaluation takes 10 mm.
UNSIZED_DIAMETER_MM = 10.0


@dataclass(frozen=True, slots=True)
class ReferenceFinding:
    """A nodule that must be found, or a finding that must not count.

    Args:
        series_uid: the scan.
        center_lps_mm: LPS ``(x, y, z)``.
        diameter_mm: > 0; a candidate hits closer than half of it.
        row: in the file that it was read from, 1 for the first; 0 where it came from none.
    """

    series_uid: str
    center_lps_mm: tuple[float, float, float]
    diameter_mm: float
    row: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One candidate that the detector gave.

    Args:
        series_uid: the scan.
        center_lps_mm: LPS ``(x, y, z)``.
        probability: any finite score; higher is surer.
    """

    series_uid: str
    center_lps_mm: tuple[float, float, float]
    probability: float


@dataclass(frozen=True, slots=True)
class Tables:
    """What an evaluation needs.

    Args:
        series_uids: every scan that counts, with or without nodules and candidates.
        nodules: the reference.
        irrelevant: findings on which candidates are ignored.
        candidates: the detector's candidates.
        warnings: what the reader of the result should know, one sentence each.
    """

    series_uids: tuple[str, ...]
    nodules: tuple[ReferenceFinding, ...]
    irrelevant: tuple[ReferenceFinding, ...]
    candidates: tuple[Candidate, ...]
    warnings: tuple[str, ...] = field(default=())


def read_tables(*, truth: Path, excluded: Path | None, series: Path, predictions: Path) -> Tables:
    """Read and check all files; any may be gzip-compressed (``.gz``).

    Reference rows of scans outside the list are left out, as LUNA16 does, so that one
    ``annotations.csv`` serves every fold; a warning counts them. Candidates outside the list are
    refused: leaving them out would flatter the detector.

    Raises:
        InputError: a file cannot be read, lacks a column or holds a value that cannot be used; the
            message names file and row.
    """
    uids = read_series_uids(series)
    listed = frozenset(uids)
    warnings: list[str] = []
    nodules = _within(read_reference(truth), listed, truth, warnings)
    nodules = _each_once(nodules, truth, warnings)
    _warn_of_voxels(nodules, truth, warnings)
    irrelevant: Sequence[ReferenceFinding] = ()
    if excluded is not None:
        findings = read_reference(excluded, unsized_allowed=True)
        irrelevant = _within(findings, listed, excluded, warnings, any_needed=False)
    candidates = read_candidates(predictions, listed=listed, list_name=series.name)
    return Tables(uids, tuple(nodules), tuple(irrelevant), tuple(candidates), tuple(warnings))


def read_series_uids(path: Path) -> tuple[str, ...]:
    """Read the scans, one a line, or a table's column ``seriesuid`` (or what DICOM calls it).

    Raises:
        InputError: the file is unreadable, empty or names a scan twice.
    """
    seen: dict[str, int] = {}
    for row, uid in read_column(path):
        if uid in seen:
            raise InputError(
                path, f"row {row} repeats series {uid} of row {seen[uid]}", "Remove one of the rows"
            )
        seen[uid] = row
    if not seen:
        raise InputError(path, "lists no series", "Give one series UID a line")
    return tuple(seen)


def read_reference(path: Path, *, unsized_allowed: bool = False) -> list[ReferenceFinding]:
    """Rows of ``annotations.csv`` or, with ``unsized_allowed``, ``annotations_excluded.csv``.

    Raises:
        InputError: a column is missing or a value cannot be used.
    """
    findings = []
    for row, values in read_records(path, (*_POSITION, "diameter_mm")):
        x, y, z, diameter = (
            read_number(path, row, name, values) for name in (*_POSITION, "diameter_mm")
        )
        if diameter < 0 and unsized_allowed:
            diameter = UNSIZED_DIAMETER_MM
        if not diameter > 0 and not unsized_allowed:
            raise InputError(
                path, f"row {row}: diameter_mm must be positive, got {diameter:g}",
                "Give each reference nodule its diameter in millimetres",
            )  # fmt: skip
        findings.append(ReferenceFinding(values["seriesuid"], (x, y, z), diameter, row))
    return findings


def read_candidates(path: Path, *, listed: frozenset[str], list_name: str) -> list[Candidate]:
    """Rows of ``predictions.csv``; further columns are left alone.

    Raises:
        InputError: a column is missing, a value is no number, or a scan is not ``listed``.
    """
    candidates = []
    for row, values in read_records(path, (*_POSITION, "probability")):
        if values["seriesuid"] not in listed:
            raise InputError(
                path, f"row {row}: series {values['seriesuid']} is not in {list_name}",
                f"Add it to {list_name}, or remove its candidates",
            )  # fmt: skip
        x, y, z, score = (
            read_number(path, row, name, values) for name in (*_POSITION, "probability")
        )
        candidates.append(Candidate(values["seriesuid"], (x, y, z), score))
    return candidates


def _within(
    findings: list[ReferenceFinding],
    listed: frozenset[str],
    path: Path,
    warnings: list[str],
    *,
    any_needed: bool = True,
) -> list[ReferenceFinding]:
    listed_findings = [finding for finding in findings if finding.series_uid in listed]
    outside = {finding.series_uid for finding in findings} - listed
    if findings and not listed_findings and any_needed:
        raise InputError(
            path, f"row 2: series {findings[0].series_uid} is not in the list of series, nor is "
            "any other of this file", "Give the list of series that belongs to this truth",
        )  # fmt: skip
    if outside:
        warnings.append(
            f"{path}: {counted(len(findings) - len(listed_findings), 'row')} of {len(outside)} "
            "series outside the list of series left out."
        )
    return listed_findings


def _each_once(
    findings: Sequence[ReferenceFinding], path: Path, warnings: list[str]
) -> list[ReferenceFinding]:
    """Without rows that say the same again: a nodule that counts twice is missed twice."""
    first: dict[ReferenceFinding, int] = {}
    for finding in findings:
        if finding in first:
            warnings.append(
                f"{path}: row {finding.row} repeats row {first[finding]}; the nodule counts once."
            )
        else:
            first[finding] = finding.row
    return list(first)


def _warn_of_voxels(nodules: Sequence[ReferenceFinding], path: Path, warnings: list[str]) -> None:
    """Patient positions straddle zero and have decimals; voxel indices never do."""
    values = [value for nodule in nodules for value in nodule.center_lps_mm]
    if len(nodules) >= 3 and all(value >= 0 and value == int(value) for value in values):
        warnings.append(
            f"{path}: every position is a whole number of at least 0, which looks like voxel "
            "indices; the evaluation takes them as LPS millimetres."
        )
