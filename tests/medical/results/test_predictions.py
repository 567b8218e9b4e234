"""``predictions.csv``: LUNA16's columns first, then which rows are findings."""

from __future__ import annotations

import csv
from pathlib import Path

from medical.detection.finalize import ScoredCandidate
from medical.detection.findings import Malignancy, SeriesFindings
from medical.results.folder import ResultFolder
from medical.results.predictions import COLUMNS
from medical.results.search import gather_predictions
from tests.medical.store.made import made_series

MARKS = (
    ScoredCandidate((1.0, 2.0, 3.0), 0.94, (0.9, 0.97), 8.4),
    ScoredCandidate((4.0, 5.0, 6.0), 0.09, (0.02, 0.2), 5.1),
)


def _scored(operating_point: float) -> SeriesFindings:
    made = made_series(
        *(c.probability for c in MARKS if c.probability >= operating_point), uid="1.2"
    )
    return made.model_copy(update={"operating_point": operating_point})


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_row_says_whether_it_reaches_the_operating_point(tmp_path: Path) -> None:
    ResultFolder(tmp_path).write_candidates(_scored(0.094), MARKS)
    read = rows(tmp_path / "predictions.csv")
    assert list(read[0])[:5] == ["seriesuid", "coordX", "coordY", "coordZ", "probability"]
    assert [row["at_operating_point"] for row in read] == ["yes", "no"]
    assert [row["diameter_mm"] for row in read] == ["8.4", "5.1"]
    assert [candidate.probability for candidate in ResultFolder(tmp_path).read_candidates()] == [
        0.94,
        0.09,
    ]


def test_a_mark_at_the_operating_point_counts(tmp_path: Path) -> None:
    ResultFolder(tmp_path).write_candidates(_scored(0.09), MARKS)
    assert [row["at_operating_point"] for row in rows(tmp_path / "predictions.csv")] == [
        "yes",
        "yes",
    ]


def test_series_scored_before_the_column_was_there_are_gathered_too(tmp_path: Path) -> None:
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
    ResultFolder(tmp_path / "new").write_candidates(_scored(0.5), MARKS)
    before = [",".join(COLUMNS[:8]), "1.3,1.000,2.000,3.000,0.5,0.4,0.6,7.12"]
    (tmp_path / "old" / "predictions.csv").write_text("\n".join(before) + "\n")
    read = rows(gather_predictions(tmp_path))
    assert [row["at_operating_point"] for row in read] == ["yes", "no", ""]


def test_a_candidate_that_is_a_finding_has_its_rating(tmp_path: Path) -> None:
    scored = _scored(0.5)
    rating = Malignancy(risk=0.314, ci95=(0.1, 0.5), image_weight=1.0, text_weight=0.0)
    rated = scored.findings[0].model_copy(update={"malignancy": rating})
    folder = ResultFolder(tmp_path)
    folder.write_candidates(scored.model_copy(update={"findings": [rated]}), MARKS)
    rated_row, other = rows(tmp_path / "predictions.csv")
    names = ("malignancy", "malignancy_low", "malignancy_high")
    assert [rated_row[name] for name in names] == ["0.314", "0.100", "0.500"]
    assert [other[name] for name in names] == ["", "", ""]
    assert len(folder.read_candidates()) == 2
