"""A file is often called after the patient: a server quotes no name of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from medical.errors import InputError
from medical.intake import open_input
from medical.scoring.failures import failure_sentence
from tests.medical.dicom.make import series

NAME = "Muster: Hans.dcm"


def cut_short(folder: Path, count: int) -> Path:
    """A series of which so many files end too early; the first is called after the patient."""
    files = sorted(series(folder).iterdir())
    for file in files[:count]:
        file.write_bytes(file.read_bytes()[:-100])
    files[0].rename(folder / NAME)
    return folder


def test_notes_of_a_server_quote_no_file(tmp_path: Path) -> None:
    folder = cut_short(tmp_path / "in", 1)
    for keep_names in (True, False):
        work = tmp_path / f"work-{keep_names}"
        (handle,) = open_input(folder, work_dir=work, keep_names=keep_names).chosen
        text = " ".join(note.message for note in handle.load().quality)
        assert "1 file was left out" in text
        assert ("Muster" in text) == keep_names


def test_neither_does_the_reason_of_a_failure(tmp_path: Path) -> None:
    folder = cut_short(tmp_path / "in", 7)
    intake = open_input(folder, work_dir=tmp_path / "work", keep_names=False)
    errors = list(intake.errors)
    for handle in intake.chosen:
        with pytest.raises(InputError) as caught:
            handle.load()
        errors.append(caught.value)
    assert errors
    assert "Muster" not in " ".join(failure_sentence(error, folder) for error in errors)


@pytest.mark.parametrize("name", ["19500101.nii", "Muster_Hans.nii", "1.2.3.nii"])
def test_nor_is_a_series_called_after_its_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(b"x")
    intake = open_input(tmp_path / "in", work_dir=tmp_path / "work", keep_names=False)
    assert [series.series_instance_uid for series in intake.chosen] == ["series-1"]


def test_nor_one_whose_header_has_no_uid(tmp_path: Path) -> None:
    folder = series(tmp_path / "Muster_Hans", SeriesInstanceUID="Muster^Hans")
    intake = open_input(folder, work_dir=tmp_path / "work", keep_names=False)
    assert [series.series_instance_uid for series in intake.chosen] == ["series-1"]
    assert intake.chosen[0].load().source.series_instance_uid == "series-1"
