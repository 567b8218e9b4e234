"""Every file that the installed pydicom carries gives a volume or one sentence, never a trace."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from medical.ct.volume import CtVolume
from medical.errors import InputError
from tests.medical.dicom.make import take

DATA = Path(pydicom.__file__).parent / "data"
FILES = sorted(
    path for path in DATA.rglob("*") if path.is_file() and "__pycache__" not in path.parts
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DATA)))
def test_gives_a_volume_or_a_sentence(path: Path, tmp_path: Path) -> None:
    intake = take(path, tmp_path)
    outcomes: list[CtVolume | InputError] = list(intake.errors)
    for handle in intake.chosen:
        try:
            outcomes.append(handle.load())
        except InputError as error:
            outcomes.append(error)
    assert outcomes
    for outcome in outcomes:
        if isinstance(outcome, InputError):
            assert "\n" not in str(outcome)
            assert str(outcome).endswith(".")


def test_no_file_was_forgotten() -> None:
    assert len(FILES) > 150


def test_whole_folder_of_mixed_files(tmp_path: Path) -> None:
    intake = take(DATA / "test_files", tmp_path)
    assert intake.chosen
    for handle in intake.chosen:
        try:
            handle.load()
        except InputError as error:
            assert "\n" not in str(error)
