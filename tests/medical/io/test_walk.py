"""Links, folders that may not be read, media of which files are missing, and our own results."""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.fileset import FileSet

from medical.intake import open_input
from tests.medical.dicom.make import codes, expected, read, series, take
from tests.medical.scoring.small_chest import write_small_chest


def test_a_patients_folder_that_is_a_link_is_followed(tmp_path: Path) -> None:
    series(tmp_path / "archive" / "anna")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "anna").symlink_to(tmp_path / "archive" / "anna")
    assert len(read(tmp_path / "in", tmp_path).hu) == len(expected(8))


def test_linked_files_are_followed_and_read_once(tmp_path: Path) -> None:
    folder = series(tmp_path / "in" / "real")
    (tmp_path / "in" / "again").mkdir()
    for path in folder.iterdir():
        (tmp_path / "in" / "again" / path.name).symlink_to(path)
    assert "duplicates" not in codes(read(tmp_path / "in", tmp_path))


@pytest.mark.parametrize("where", [".", "..", "../.."])
def test_a_link_upwards_is_a_circle(tmp_path: Path, where: str) -> None:
    series(tmp_path / "stranger", number=9, PatientID="somebody-else", StudyInstanceUID="1.2.9")
    folder = series(tmp_path / "in" / "anna")
    (folder / "up").symlink_to(folder / where)
    intake = take(tmp_path / "in", tmp_path)
    assert (len(intake.chosen), intake.errors) == (1, ())


def test_a_link_that_leads_nowhere_is_said(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    (folder / "gone").symlink_to(tmp_path / "unmounted")
    (error,) = take(folder, tmp_path).errors
    assert "leads nowhere" in str(error)


def test_no_link_is_followed_out_of_an_unpacked_zip(tmp_path: Path) -> None:
    secret = series(tmp_path / "secret")
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as packed:
        link = zipfile.ZipInfo("anna")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, str(secret))
    assert take(tmp_path / "in.zip", tmp_path).chosen == ()


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder of an ordinary user, whom permissions bind."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_folder_that_may_not_be_read_is_said(as_nobody: Path) -> None:
    series(as_nobody / "in" / "a")
    closed = series(as_nobody / "in" / "b", number=2)
    closed.chmod(0)
    work = as_nobody / "work"
    work.mkdir(mode=0o777)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        intake = open_input(as_nobody / "in", work_dir=work)
    finally:
        if user == 0:
            os.seteuid(0)
        closed.chmod(0o755)
    assert len(intake.chosen) == 1
    (error,) = intake.errors
    assert "cannot be looked into" in str(error)


def medium(tmp_path: Path) -> Path:
    """A DICOMDIR with one series of ten slices."""
    files = FileSet()
    for path in sorted(series(tmp_path / "series", slices=10).iterdir()):
        dataset = dcmread(path)
        dataset.StudyDate, dataset.StudyTime, dataset.StudyID = "20000101", "000000", "1"
        dataset.AccessionNumber = ""
        files.add(dataset)
    files.write(tmp_path / "cd")
    return tmp_path / "cd"


@pytest.mark.parametrize("named", ["DICOMDIR", "."])
def test_images_that_are_missing_from_a_medium_are_counted(tmp_path: Path, named: str) -> None:
    folder = medium(tmp_path)
    images = sorted(
        path for path in folder.rglob("*") if path.is_file() and path.name != "DICOMDIR"
    )
    for path in images[6:]:
        path.unlink()
    volume = read(folder / named, tmp_path)
    note = next(note for note in volume.quality if note.code == "missing_files")
    assert note.severity == "severe"
    assert note.message.startswith("4 of 10 images")


def test_a_whole_medium_misses_nothing(tmp_path: Path) -> None:
    assert "missing_files" not in codes(read(medium(tmp_path) / "DICOMDIR", tmp_path))


@pytest.mark.parametrize("marker", ["findings.json", "acquisition.json"])
@pytest.mark.parametrize("name", ["heatmap-1.nii.gz", "viewer/ct.nii.gz"])
def test_own_results_are_no_input(tmp_path: Path, marker: str, name: str) -> None:
    write_small_chest(tmp_path / "ct.nii.gz", seed=1)
    own = tmp_path / "ct" / name
    own.parent.mkdir(parents=True)
    own.write_bytes((tmp_path / "ct.nii.gz").read_bytes())
    (tmp_path / "ct" / marker).write_text("{}")
    intake = take(tmp_path, tmp_path)
    assert [series.below for series in intake.chosen] == ["ct.nii.gz"]


def test_a_file_of_that_name_elsewhere_is_an_input(tmp_path: Path) -> None:
    write_small_chest(tmp_path / "heatmap-1.nii.gz", seed=1)
    assert len(take(tmp_path, tmp_path).chosen) == 1


def test_two_files_of_one_stem_and_one_that_has_the_number(tmp_path: Path) -> None:
    for name in ("a/ct.nii.gz", "b/ct.nii.gz", "c/ct-2.nii.gz"):
        (tmp_path / name).parent.mkdir()
        write_small_chest(tmp_path / name, seed=1)
    names = [series.series_instance_uid for series in take(tmp_path, tmp_path).chosen]
    assert len(set(names)) == 3


@pytest.mark.parametrize("name", ["A" * 300, "A\0B", "A" * 5000])
def test_a_dicomdir_that_names_what_no_file_can_be_called_is_read(
    tmp_path: Path, name: str
) -> None:
    folder = medium(tmp_path)
    index = dcmread(folder / "DICOMDIR")
    image = next(r for r in index.DirectoryRecordSequence if r.DirectoryRecordType == "IMAGE")
    image["ReferencedFileID"]._value = [name, "B"]
    index.save_as(folder / "DICOMDIR")
    (handle,) = open_input(folder, work_dir=tmp_path / "work").chosen
    assert len(handle.load().hu) >= 9
