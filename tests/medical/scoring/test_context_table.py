from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from medical.errors import InputError
from medical.io.series_handle import SeriesHandle
from medical.malignancy.context import ClinicalContext
from medical.scoring.context_table import context_of, read_context_table
from tests.medical.dicom.make import save, series, take
from tests.medical.dicom.test_prior_report import report


def _table(folder: Path, text: str) -> Path:
    path = folder / "context.csv"
    path.write_text(text, encoding="utf-8")
    return path


def _handle(path: Path, *, series: str = "1.2.3", study: str | None = "1.2") -> SeriesHandle:
    return SeriesHandle(path, series, study, "", "", path)


def test_a_row_is_found_by_the_uid_of_its_study(tmp_path: Path) -> None:
    path = _table(tmp_path, "study,age,sex,text\n1.2,67,F,spiculated nodule\n")
    expected = ClinicalContext(age_years=67, female=True, text="spiculated nodule")
    assert read_context_table(path).of(_handle(tmp_path / "ct")) == expected


def test_a_row_is_found_by_the_path_of_a_folder_above(tmp_path: Path) -> None:
    path = _table(tmp_path, f"study,emphysema\n{tmp_path / 'ct'},yes\n")
    table = read_context_table(path)
    assert table.of(_handle(tmp_path / "ct" / "series")) == ClinicalContext(emphysema=True)
    assert table.of(_handle(tmp_path / "other")) is None


def test_a_series_without_a_row_has_no_context(tmp_path: Path) -> None:
    table = read_context_table(_table(tmp_path, "study,age\n9.9,50\n"))
    assert table.of(_handle(tmp_path / "ct")) is None


def test_empty_cells_are_not_known(tmp_path: Path) -> None:
    path = _table(tmp_path, "study,age,sex,pack_years,emphysema,cancer_history,text\n1.2,,,,,,\n")
    assert read_context_table(path).of(_handle(tmp_path)) == ClinicalContext()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("age\n67\n", "has no column study"),
        ("study,shoe size\n1.2,43\n", "has a column that is not known: shoe size"),
        ("study,age\n1.2,old\n", "row 2, column age: must be a number from 0 to 120"),
        ("study,age\n1.2,nan\n", "row 2, column age: must be a number from 0 to 120"),
        ("study,age\n1.2,400\n", "row 2, column age: must be a number from 0 to 120"),
        ("study,sex\n1.2,x\n", "row 2, column sex: must be F or M"),
        ("study,emphysema\n1.2,some\n", "row 2, column emphysema: must be yes or no"),
        ("study,age\n1.2,50\n1.2,60\n", "row 3, column study: names a study a second time"),
        ("study,age\n,50\n", "row 2, column study: is empty"),
        ("study,age\n1.2,50,60\n", "row 2, column study: is followed by more cells than columns"),
        ("study,age\n", "holds no row"),
        ("", "has no column study"),
        (
            "study,text\n1.2," + "x" * 4001 + "\n",
            "row 2, column text: is too long; the limit is 4000",
        ),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InputError) as refused:
        read_context_table(_table(tmp_path, text))
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "context.csv").write_bytes(b"study,text\n1.2,\xff\xfe\n")
    with pytest.raises(InputError, match="is no CSV table in UTF-8"):
        read_context_table(tmp_path / "context.csv")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_context_table(tmp_path / "none.csv")


def test_words_of_a_report_stand_where_the_table_has_none(tmp_path: Path) -> None:
    series(tmp_path / "in" / "ct", StudyDate="20210101")
    save(report(("Impression", "121073", "Spiculated nodule.")), tmp_path / "in" / "sr.dcm")
    (handle,) = take(tmp_path / "in", tmp_path).chosen
    study = handle.study_instance_uid
    assert context_of(handle, None) == ClinicalContext(text="Spiculated nodule.")
    ages = read_context_table(_table(tmp_path, f"study,age\n{study},67\n"))
    assert context_of(handle, ages) == ClinicalContext(age_years=67, text="Spiculated nodule.")
    texts = read_context_table(_table(tmp_path, f"study,text\n{study},calcified\n"))
    assert context_of(handle, texts) == ClinicalContext(text="calcified")
    alone = replace(handle, reports=())
    assert context_of(alone, None) is None
