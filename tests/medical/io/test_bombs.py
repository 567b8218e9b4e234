"""Little that becomes much: what is unpacked has a limit, and it is seen while it is unpacked."""

from __future__ import annotations

import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from medical.dicom.header.patient import examination_of
from medical.dicom.header.unpack_limits import TooLargeError
from medical.errors import InputError
from medical.intake import open_input
from medical.io.archive import MAX_FILES, UnpackBudget, unpack
from tests.medical.dicom.make import series, take

MANY = 256 << 20


def deflated(folder: Path, bend: Callable[[Dataset], None]) -> Path:
    """A series whose first file is deflated, after ``bend`` changed it."""
    path = sorted(series(folder).iterdir())[0]
    dataset = pydicom.dcmread(path)
    bend(dataset)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(path)
    assert path.stat().st_size < 2 << 20
    return path


def private(dataset: Dataset) -> None:
    dataset.add_new((0x0009, 0x0010), "LO", "A")
    dataset.add_new((0x0009, 0x1001), "OB", bytes(MANY))


def pixels(dataset: Dataset) -> None:
    dataset.PixelData = bytes(MANY)


def behind(dataset: Dataset) -> None:
    dataset.add_new((0xFFFC, 0xFFFC), "OB", bytes(MANY))


@pytest.mark.parametrize(
    ("bend", "preamble"), [(private, True), (private, False), (pixels, True), (behind, True)]
)
def test_a_deflated_bomb_is_refused_before_it_goes_off(
    bend: Callable[[Dataset], None], preamble: bool, tmp_path: Path
) -> None:
    path = deflated(tmp_path / "in", bend)
    if not preamble:
        path.write_bytes(path.read_bytes()[132:])
    tracemalloc.start()
    try:
        intake = take(tmp_path / "in", tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 160 << 20
    text = " ".join(map(str, intake.errors))
    loaded = [series.load() for series in intake.chosen]  # the other slices are a CT still
    assert "deflated file that unpacks to more than" in text or loaded[0].quality
    with pytest.raises(TooLargeError):
        pydicom.dcmread(path, force=True)


def test_the_patient_of_a_bomb_is_not_looked_for(tmp_path: Path) -> None:
    path = deflated(tmp_path / "in", private)
    assert examination_of(path, secret=b"x").patient == ""


def test_a_deflated_ct_is_read(tmp_path: Path) -> None:
    for path in series(tmp_path / "in").iterdir():
        dataset = pydicom.dcmread(path)
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        dataset.save_as(path)
    assert take(tmp_path / "in", tmp_path).chosen[0].load().hu.shape[0] == 8


@pytest.mark.parametrize("name", ["image", "a/image", "2-image"])
def test_equal_names_are_looked_for_once_each(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "equal.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for _ in range(1000):
            archive.writestr(name, b"x")
            archive.writestr(f"2-{name}" if "/" not in name else name, b"x")
    asked, there = [], os.path.lexists

    def counted(place: Path) -> bool:
        asked.append(place)
        return there(place)

    monkeypatch.setattr(os.path, "lexists", counted)
    monkeypatch.setattr(Path, "exists", counted)
    folder, errors = unpack(path, shown=path, work_dir=tmp_path / "work", budget=UnpackBudget())
    assert folder is not None and not errors
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 2000
    assert len(asked) < 6000


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for _ in range(MAX_FILES // 50 + 1):
            archive.writestr("a", b"")
    budget = UnpackBudget(files=MAX_FILES // 50)
    folder, errors = unpack(path, shown=path, work_dir=tmp_path / "work", budget=budget)
    assert folder is None
    assert "more than" in str(errors[0])


def test_a_list_of_files_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "list.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(800):
            archive.writestr(f"{number}" + "x" * 60_000, b"")
    tracemalloc.start()
    try:
        _, errors = unpack(path, shown=path, work_dir=tmp_path / "work", budget=UnpackBudget())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "names without end" in str(errors[0])
    assert peak < 8 << 20


def test_a_way_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/" * 1500 + "x.dcm", b"x")
        archive.writestr("b", b"x")
    _, errors = unpack(path, shown=path, work_dir=tmp_path / "work", budget=UnpackBudget())
    assert len(errors) == 1


def test_the_time_of_an_intake_has_an_end(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "ct.zip", "w") as archive:
        for file in series(tmp_path / "in").iterdir():
            archive.write(file, file.name)
    for path in (tmp_path / "ct.zip", tmp_path / "in"):
        with pytest.raises(InputError, match="took longer than"):
            open_input(path, work_dir=tmp_path / "work", limit_seconds=0)
    assert not list((tmp_path / "work").iterdir())
