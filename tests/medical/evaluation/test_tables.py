"""Reading: what is accepted, and the sentence for what is not."""

import gzip
from pathlib import Path

import pytest

from medical.errors import InputError
from medical.evaluation.tables import Tables, read_tables

TRUTH = "seriesuid,coordX,coordY,coordZ,diameter_mm\n1.2,-10.5,20,30,8\n"
MARKS = "seriesuid,coordX,coordY,coordZ,probability\n1.2,-10,20,30,0.9\n"


def read(
    folder: Path,
    *,
    truth: str = TRUTH,
    candidates: str = MARKS,
    series: str = "1.2\n1.3\n",
    excluded: str | None = None,
) -> Tables:
    (folder / "truth.csv").write_text(truth)
    (folder / "marks.csv").write_text(candidates)
    (folder / "series.csv").write_text(series)
    path = None
    if excluded is not None:
        path = folder / "excluded.csv.gz"
        path.write_bytes(gzip.compress(excluded.encode()))
    return read_tables(
        truth=folder / "truth.csv",
        excluded=path,
        series=folder / "series.csv",
        predictions=folder / "marks.csv",
    )


def test_a_good_set_is_read(tmp_path: Path) -> None:
    tables = read(tmp_path)
    assert tables.series_uids == ("1.2", "1.3")
    assert tables.nodules[0].center_lps_mm == (-10.5, 20, 30)
    assert tables.candidates[0].probability == 0.9
    assert tables.warnings == ()


def test_further_columns_and_another_order_are_fine(tmp_path: Path) -> None:
    candidates = "id,probability,coordZ,coordY,coordX,seriesuid\n7,0.4,3,2,1,1.3\n"
    assert read(tmp_path, candidates=candidates).candidates[0].center_lps_mm == (1, 2, 3)


def test_a_negative_diameter_of_an_irrelevant_finding_means_ten_millimetres(
    tmp_path: Path,
) -> None:
    excluded = "seriesuid,coordX,coordY,coordZ,diameter_mm\n1.2,1,2,3,-1\n1.2,1,2,3,4.5\n"
    assert [f.diameter_mm for f in read(tmp_path, excluded=excluded).irrelevant] == [10.0, 4.5]


def test_a_heading_in_the_list_of_series_is_no_series(tmp_path: Path) -> None:
    assert read(tmp_path, series="seriesuid\n1.2\n").series_uids == ("1.2",)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"marks.csv: row 1: column probability is missing"):
        read(tmp_path, candidates="seriesuid,coordX,coordY,coordZ\n1.2,1,2,3\n")


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"truth.csv: row 1: .*found nothing"):
        read(tmp_path, truth="")


def test_a_probability_that_is_no_number_is_named_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"marks.csv: row 3: probability .* got 'high'"):
        read(tmp_path, candidates=MARKS + "1.2,1,2,3,high\n")


@pytest.mark.parametrize("value", ["nan", "inf", ""])
def test_a_probability_must_be_finite(tmp_path: Path, value: str) -> None:
    with pytest.raises(InputError, match="finite number"):
        read(tmp_path, candidates=MARKS + f"1.2,1,2,3,{value}\n")


def test_a_mark_outside_the_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"marks.csv: row 3: series 9.9 is not in series.csv"):
        read(tmp_path, candidates=MARKS + "9.9,1,2,3,0.5\n")


def test_a_reference_outside_the_list_is_left_out_with_a_warning(tmp_path: Path) -> None:
    tables = read(tmp_path, truth=TRUTH + "9.9,1,2,3,5\n")
    assert len(tables.nodules) == 1
    assert "1 row of 1 series outside the list" in tables.warnings[0]


def test_a_reference_wholly_outside_the_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"truth.csv: row 2: series 1.2 is not in the list"):
        read(tmp_path, series="7\n", candidates=MARKS.splitlines()[0])


def test_a_truth_in_voxel_columns_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"LPS millimetres.*convert the voxel"):
        read(tmp_path, truth="seriesuid,voxelX,voxelY,voxelZ,diameter_mm\n1.2,1,2,3,4\n")


def test_positions_that_look_like_voxels_give_a_warning(tmp_path: Path) -> None:
    rows = "".join(f"1.2,{100 + k},200,30,8\n" for k in range(3))
    assert "voxel" in read(tmp_path, truth=TRUTH.splitlines()[0] + "\n" + rows).warnings[0]


def test_a_nodule_without_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"truth.csv: row 3: diameter_mm must be positive, got -1"):
        read(tmp_path, truth=TRUTH + "1.2,1,2,3,-1\n")


def test_a_short_row_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="row 3 has 2 values, the heading 5"):
        read(tmp_path, truth=TRUTH + "1.2,1\n")


def test_a_series_listed_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"row 3 repeats series 1.2 of row 1"):
        read(tmp_path, series="1.2\n1.3\n1.2\n")


def test_an_empty_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lists no series"):
        read(tmp_path, series="\n")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    absent = tmp_path / "absent.csv"
    with pytest.raises(InputError, match=r"absent.csv: does not exist"):
        read_tables(truth=absent, excluded=None, series=absent, predictions=absent)


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "series.csv.gz"
    path.write_bytes(b"not gzip at all")
    with pytest.raises(InputError, match="cannot be read as CSV"):
        read_tables(truth=path, excluded=None, series=path, predictions=path)
