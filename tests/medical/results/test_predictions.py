"""``predictions.csv``: LUNA16's columns first, then which rows are findings."""

from __future__ import annotations

import csv
from pathlib import Path

from medical.detection.finalize import ScoredCandidate
from medical.results.folder import ResultFolder
from medical.results.predictions import COLUMNS
from medical.results.search import gather_predictions

MARKS = (
    ScoredCandidate((1.0, 2.0, 3.0), 0.94, (0.9, 0.97), 8.4),
    ScoredCandidate((4.0, 5.0, 6.0), 0.09, (0.02, 0.2), 5.1),
)


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_row_says_whether_it_reaches_the_operating_point(tmp_path: Path) -> None:
    ResultFolder(tmp_path).write_candidates("1.2", MARKS, operating_point=0.094)
    read = rows(tmp_path / "predictions.csv")
    assert list(read[0])[:5] == ["seriesuid", "coordX", "coordY", "coordZ", "probability"]
    assert [row["at_operating_point"] for row in read] == ["yes", "no"]
    assert [row["diameter_mm"] for row in read] == ["8.4", "5.1"]
    assert [candidate.probability for candidate in ResultFolder(tmp_path).read_candidates()] == [
        0.94,
        0.09,
    ]


def test_a_mark_at_the_operating_point_counts(tmp_path: Path) -> None:
    ResultFolder(tmp_path).write_candidates("1.2", MARKS, operating_point=0.09)
    assert [row["at_operating_point"] for row in rows(tmp_path / "predictions.csv")] == [
        "yes",
        "yes",
    ]


def test_series_scored_before_the_column_was_there_are_gathered_too(tmp_path: Path) -> None:
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
    ResultFolder(tmp_path / "new").write_candidates("1.2", MARKS, operating_point=0.5)
    before = [",".join(COLUMNS[:-1]), "1.3,1.000,2.000,3.000,0.5,0.4,0.6,7.12"]
    (tmp_path / "old" / "predictions.csv").write_text("\n".join(before) + "\n")
    read = rows(gather_predictions(tmp_path))
    assert [row["at_operating_point"] for row in read] == ["yes", "no", ""]
