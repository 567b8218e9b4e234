"""On LUNA16's own tables, where they are at hand."""

import csv
import gzip
import os
from pathlib import Path

import pytest

from medical.evaluation.evaluate import evaluate_tables
from medical.evaluation.tables import read_tables

REPOSITORY = Path(__file__).parents[3]
DATA = Path(os.environ.get("STARLUNG_REAL_DATA", REPOSITORY.parent / "shared" / "data"))
LUNA16 = DATA / "luna16"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not LUNA16.is_dir(),
        reason="LUNA16's tables are not here; set STARLUNG_REAL_DATA to the folder above luna16",
    ),
]


def marks_on(source: Path, target: Path) -> Path:
    data = source.read_bytes()
    text = (gzip.decompress(data) if source.suffix == ".gz" else data).decode()
    with target.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["seriesuid", "coordX", "coordY", "coordZ", "probability"])
        for row in csv.DictReader(text.splitlines()):
            rows.writerow([row["seriesuid"], row["coordX"], row["coordY"], row["coordZ"], 1])
    return target


def test_a_mark_on_every_annotation_gives_a_perfect_score(tmp_path: Path) -> None:
    candidates = marks_on(LUNA16 / "annotations.csv", tmp_path / "p.csv")
    tables = read_tables(
        truth=LUNA16 / "annotations.csv",
        excluded=LUNA16 / "annotations_excluded.csv.gz",
        series=LUNA16 / "seriesuids.csv",
        predictions=candidates,
    )
    result = evaluate_tables(tables, bootstraps=20).evaluation
    assert (result.scans, result.nodules, result.found) == (888, 1186, 1186)
    assert (result.cpm, result.cpm_ci95, result.false_positives) == (1.0, (1.0, 1.0), 0)


def test_marks_on_irrelevant_findings_are_no_false_positives(tmp_path: Path) -> None:
    excluded = LUNA16 / "annotations_excluded.csv.gz"
    tables = read_tables(
        truth=LUNA16 / "annotations.csv",
        excluded=excluded,
        series=LUNA16 / "seriesuids.csv",
        predictions=marks_on(excluded, tmp_path / "p.csv"),
    )
    result = evaluate_tables(tables, bootstraps=1).evaluation
    assert result.false_positives == 0
    assert result.ignored_irrelevant > 20_000
