"""``predictions.csv`` in LUNA16's submission format, with our columns after its five."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from medical.errors import InputError
from medical.files import written_atomically
from medical.i18n.messages import message

if TYPE_CHECKING:
    from medical.detection.finalize import ScoredCandidate
    from medical.detection.findings import SeriesFindings

COLUMNS = (
    "seriesuid",
    "coordX",
    "coordY",
    "coordZ",
    "probability",
    "probability_low",
    "probability_high",
    "diameter_mm",
    "at_operating_point",
    "malignancy",
    "malignancy_low",
    "malignancy_high",
)
"""LUNA16's five, then ours: ``at_operating_point`` says ``yes`` where ``findings.json`` has the
candidate too. Only such a candidate has a malignancy rating: no other was read by StarNet."""


@dataclass(frozen=True, slots=True)
class WrittenCandidate:
    """One line of a series' candidates, as a page shows it."""

    center_lps_mm: tuple[float, float, float]
    probability: float
    probability_ci95: tuple[float, float]


def read_candidates(file: Path) -> list[WrittenCandidate]:
    """Read what ``write_candidates`` wrote, strongest first; nothing where there is no file.

    Raises:
        InputError: the file is damaged.
    """
    if not file.is_file():
        return []
    candidates: list[WrittenCandidate] = []
    with file.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            try:
                x, y, z, p, low, high = (float(row[name]) for name in COLUMNS[1:7])
            except (KeyError, TypeError, ValueError) as error:
                problem = message("is damaged in line {line}", line=len(candidates) + 2)
                raise InputError(file.name, problem, message("Score the study again")) from error
            candidates.append(WrittenCandidate((x, y, z), p, (low, high)))
    return sorted(candidates, key=lambda candidate: -candidate.probability)


def write_candidates(
    path: Path, scored: SeriesFindings, candidates: Sequence[ScoredCandidate]
) -> None:
    """Write one series' candidates.

    Args:
        path: of the table.
        scored: what was said of the series: operating point, and the ratings of its findings.
        candidates: all of the series, strongest first, so that the first are the findings.
    """
    with written_atomically(path) as beside, _opened(beside) as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number, candidate in enumerate(candidates):
            low, high = candidate.probability_ci95
            numbers = (candidate.probability, low, high)
            writer.writerow(
                [
                    scored.series_instance_uid,
                    *(f"{v:.3f}" for v in candidate.center_lps_mm),
                    *(f"{v:.6f}" for v in numbers),
                    f"{candidate.diameter_mm:.1f}",
                    "yes" if candidate.probability >= scored.operating_point else "no",
                    *_rating(scored, number),
                ]
            )


def _rating(scored: SeriesFindings, number: int) -> list[str]:
    """Return malignancy and both ends of its interval; empty cells where nothing was rated."""
    finding = scored.findings[number] if number < len(scored.findings) else None
    if finding is None or finding.malignancy is None:
        return ["", "", ""]
    return [f"{v:.3f}" for v in (finding.malignancy.risk, *finding.malignancy.ci95)]


def gather(parts: Sequence[Path], path: Path) -> None:
    """Put the candidates of several tables into one."""
    with written_atomically(path) as beside, _opened(beside) as gathered:
        writer = csv.writer(gathered)
        writer.writerow(COLUMNS)
        for part in parts:
            with part.open(newline="", encoding="utf-8") as file:
                for row in list(csv.reader(file))[1:]:
                    # of an older version, which did not say it
                    writer.writerow([*row, *[""] * (len(COLUMNS) - len(row))])


def _opened(path: Path) -> TextIO:
    return path.open("w", newline="", encoding="utf-8")
