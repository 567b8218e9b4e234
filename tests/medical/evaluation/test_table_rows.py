"""Tables as spreadsheets save them: separators, decimal commas, headings, doubled rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from medical.errors import InputError
from medical.evaluation.tables import read_reference, read_series_uids, read_tables

HEAD = ("seriesuid", "coordX", "coordY", "coordZ", "diameter_mm")
ROW = ("1.2.3", "-12.5", "30.25", "-100", "8.5")


def table(path: Path, *rows: tuple[str, ...], between: str = ",", comma: bool = False) -> Path:
    lines = [between.join(row) for row in rows]
    if comma:
        lines = [
            lines[0],
            *(between.join(v if v.count(".") > 1 else v.replace(".", ",") for v in row)
              for row in rows[1:]),
        ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


@pytest.mark.parametrize(
    ("between", "comma"), [(",", False), (";", False), (";", True), ("\t", True)]
)
def test_whatever_stands_between_the_values(tmp_path: Path, between: str, comma: bool) -> None:
    (finding,) = read_reference(table(tmp_path / "t.csv", HEAD, ROW, between=between, comma=comma))
    assert finding.center_lps_mm == (-12.5, 30.25, -100.0)
    assert finding.diameter_mm == 8.5


def test_decimal_commas_between_commas_are_refused_with_the_cause(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(",".join(HEAD) + "\n1.2.3,-12,5,30,25,-100,0,8,5\n")
    with pytest.raises(InputError, match="row 2 has 9 values, the heading 5: decimal commas"):
        read_reference(path)


@pytest.mark.parametrize("name", ["SeriesInstanceUID", "Series Instance UID", "series_uid", "uid"])
def test_other_names_of_the_series_column(tmp_path: Path, name: str) -> None:
    (finding,) = read_reference(table(tmp_path / "t.csv", (name, *HEAD[1:]), ROW))
    assert finding.series_uid == "1.2.3"
    listed = read_series_uids(table(tmp_path / "s.csv", ("patient", name), ("anna", "1.2.3")))
    assert listed == ("1.2.3",)


@pytest.mark.parametrize("between", [";", "\t", ","])
def test_a_list_with_further_columns(tmp_path: Path, between: str) -> None:
    path = table(tmp_path / "s.csv", ("seriesuid", "fold"), ("1.2.3", "0"), ("1.2.4", "1"),
                 between=between)  # fmt: skip
    assert read_series_uids(path) == ("1.2.3", "1.2.4")


@pytest.mark.parametrize("heading", ["scan", "Serie", "filename;subset"])
def test_an_unknown_heading_is_no_scan(tmp_path: Path, heading: str) -> None:
    path = tmp_path / "s.csv"
    path.write_text(f"{heading}\n1.2.3\n1.2.4\n")
    with pytest.raises(InputError, match=r"row 1: .* is no series UID, and no heading"):
        read_series_uids(path)


def test_a_list_of_stems_needs_no_heading(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("case1\ncase2\n")
    assert read_series_uids(path) == ("case1", "case2")


def test_a_nodule_that_is_listed_twice_counts_once(tmp_path: Path) -> None:
    truth = table(tmp_path / "t.csv", HEAD, ROW, ROW)
    candidates = table(tmp_path / "p.csv", (*HEAD[:4], "probability"), (*ROW[:4], "0.9"))
    series = tmp_path / "s.csv"
    series.write_text("1.2.3\n")
    tables = read_tables(truth=truth, excluded=None, series=series, predictions=candidates)
    assert len(tables.nodules) == 1
    assert "row 3 repeats row 2" in tables.warnings[0]
