"""What the worklist says of an input that failed names no file: files are called after patients."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from medical.errors import InputError
from medical.intake import open_input
from medical.scoring.failures import failure_sentence, failure_text


def failures(source: Path, work: Path) -> list[InputError]:
    return list(open_input(source, work_dir=work).errors)


@pytest.mark.parametrize("count", [1, 3])
def test_names_inside_a_zip_are_not_told(count: int, tmp_path: Path) -> None:
    source = tmp_path / "0001.zip"
    with zipfile.ZipFile(source, "w") as made:
        for number in range(count):
            made.writestr(f"Muster_Hans/Muster_{number}.dcm", "Dear colleague")
    (error,) = failures(source, tmp_path / "work")
    assert "Muster" in str(error)  # on the command line whoever typed the path may see it
    text = failure_sentence(error, source)
    assert "Muster" not in text
    assert "Muster" not in failure_text(text, "zh")
    assert str(tmp_path) not in text
    assert "not a DICOM file or volume" in text


def test_the_input_itself_is_called_so(tmp_path: Path) -> None:
    source = tmp_path / "Muster.dcm"
    source.write_text("Dear colleague")
    (error,) = failures(source, tmp_path / "work")
    assert failure_sentence(error, source).startswith("input: not a DICOM file or volume")
