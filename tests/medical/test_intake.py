"""What a user may name, and what comes back."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest

from medical.errors import InputError
from tests.medical.dicom.make import ROOT, expected, series, take

MEDIUM = Path(pydicom.__file__).parent / "data" / "test_files" / "dicomdirtests"


def test_folder_of_any_nesting(tmp_path: Path) -> None:
    folder = series(tmp_path / "in" / "a" / "b")
    deeper = folder / "c" / "d"
    deeper.mkdir(parents=True)
    for path in sorted(folder.glob("*.dcm"))[4:]:
        path.rename(deeper / path.stem)  # no .dcm ending either
    handle = take(tmp_path / "in", tmp_path).chosen[0]
    np.testing.assert_array_equal(handle.load().hu, expected(8))
    assert handle.path == folder


def test_missing_path_raises(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        take(tmp_path / "nowhere", tmp_path)


def test_empty_folder_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    intake = take(tmp_path / "empty", tmp_path)
    assert (intake.chosen, len(intake.errors)) == ((), 1)
    assert "holds no CT images" in str(intake.errors[0])


def test_folder_of_other_things_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("a,b")
    (tmp_path / "in" / "README").write_text("hello")
    assert len(take(tmp_path / "in", tmp_path).errors) == 1


def test_folder_of_another_modality_says_which(tmp_path: Path) -> None:
    folder = series(tmp_path / "in", Modality="MR", SOPClassUID="1.2.840.10008.5.1.4.1.1.4")
    intake = take(folder, tmp_path)
    assert len(intake.errors) == 1
    assert "MR Image (8)" in str(intake.errors[0])


def test_many_failures_are_still_one_error(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        series(tmp_path / "in", number=number, slices=1, StudyInstanceUID=f"1.2.{number}")
    intake = take(tmp_path / "in", tmp_path)
    assert len(intake.errors) == 1
    assert "3 files or series failed" in str(intake.errors[0])


def test_siblings_that_are_no_images_are_passed_by(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    for name in ("README.md", "truth.csv", ".DS_Store", "Thumbs.db", "report.pdf"):
        (folder / name).write_bytes(b"not an image, but long enough to be looked at " * 9)
    intake = take(folder, tmp_path)
    assert len(intake.chosen) == 1
    assert not intake.errors
    assert not intake.not_chosen


def test_links_that_run_in_circles(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    (folder / "loop").symlink_to(folder)
    assert len(take(folder, tmp_path).chosen) == 1


def test_many_studies_and_series_mixed_in_one_folder(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    series(folder, number=1)
    series(folder, number=2)
    series(folder, number=3, StudyInstanceUID="1.2.3")
    intake = take(folder, tmp_path)
    assert {handle.study_instance_uid for handle in intake.chosen} == {f"{ROOT}100", "1.2.3"}
    assert len(intake.not_chosen) == 1


def test_handle_can_be_sent_to_another_process(tmp_path: Path) -> None:
    handle = take(series(tmp_path / "in"), tmp_path).chosen[0]
    again = pickle.loads(pickle.dumps(handle))
    np.testing.assert_array_equal(again.load().hu, expected(8))


def test_progress_runs_to_one(tmp_path: Path) -> None:
    seen: list[float] = []
    take(series(tmp_path / "in"), tmp_path).chosen[0].load(progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    series(tmp_path / "in")
    monkeypatch.chdir(tmp_path)
    assert len(take(Path("in"), tmp_path).chosen) == 1


def test_dicomdir(tmp_path: Path) -> None:
    intake = take(MEDIUM / "DICOMDIR", tmp_path)
    assert len(intake.chosen) == 2
    assert all(handle.path.name == "DICOMDIR" for handle in intake.chosen)


def test_dicomdir_whose_names_changed_case(tmp_path: Path) -> None:
    shutil.copytree(MEDIUM / "77654033", tmp_path / "cd" / "77654033")
    shutil.copy(MEDIUM / "DICOMDIR", tmp_path / "cd" / "dicomdir")
    (tmp_path / "cd" / "77654033" / "CT2").rename(tmp_path / "cd" / "77654033" / "ct2")
    assert len(take(tmp_path / "cd" / "dicomdir", tmp_path).chosen) == 1


def test_damaged_dicomdir_falls_back_to_its_folder(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    (folder / "DICOMDIR").write_bytes(b"rubbish")
    assert len(take(folder / "DICOMDIR", tmp_path).chosen) == 1


def test_folder_beside_its_dicomdir_is_read_once(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    shutil.copy(MEDIUM / "DICOMDIR", folder / "DICOMDIR")
    intake = take(folder, tmp_path)
    assert len(intake.chosen) == 1
    assert not intake.errors
