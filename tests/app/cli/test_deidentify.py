"""``starlung deidentify`` as a program."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from typer.testing import CliRunner

from app.cli.main import app
from tests.medical.node.conftest import write_study


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STARLUNG_WORK_DIR", str(tmp_path / "work"))


def run(*arguments: object) -> tuple[int, str]:
    ended = CliRunner().invoke(app, ["deidentify", *map(str, arguments)])
    return ended.exit_code, ended.output


def test_a_folder_is_written_without_its_patient(tmp_path: Path) -> None:
    write_study(tmp_path / "ct", slices=3)
    assert run(tmp_path / "ct", "--out", tmp_path / "out")[0] == 0
    assert run(tmp_path / "ct", "--out", tmp_path / "again")[0] == 0
    first, again = (sorted((tmp_path / name).rglob("*.dcm")) for name in ("out", "again"))
    assert [file.name for file in first] == [file.name for file in again]
    assert str(pydicom.dcmread(first[0]).PatientID).startswith("P-")


def test_what_is_refused_is_named_and_ends_with_three(tmp_path: Path) -> None:
    files = write_study(tmp_path / "ct", slices=3)
    dataset = pydicom.dcmread(files[0])
    dataset.BurnedInAnnotation = "YES"
    dataset.save_as(files[0])
    code, output = run(tmp_path / "ct", "--out", tmp_path / "out")
    assert code == 3
    assert "0001.dcm: not written: its header says that the image carries text." in output
    assert "2 objects written, 1 refused" in output


def test_an_output_inside_the_input_is_refused(tmp_path: Path) -> None:
    write_study(tmp_path / "ct", slices=1)
    code, output = run(tmp_path / "ct", "--out", tmp_path / "ct" / "out")
    assert code == 2
    assert "Give another folder to --out." in output


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    write_study(tmp_path / "ct", slices=1)
    (tmp_path / "secret").write_text("short")
    code, output = run(tmp_path / "ct", "--out", tmp_path / "out", "--secret", tmp_path / "secret")
    assert code == 2
    assert "at least 16 bytes" in output
