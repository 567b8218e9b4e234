"""Every test file that the installed pydicom carries, scored alone: a result or one sentence."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from tests.app.cli.conftest import Run

FOLDER = Path(pydicom.__file__).parent / "data" / "test_files"
FILES = sorted(
    path for path in FOLDER.rglob("*") if path.is_file() and "__pycache__" not in path.parts
)


def test_no_file_was_forgotten() -> None:
    assert len(FILES) > 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_ends_with_a_sentence(path: Path, starlung: Run, tmp_path: Path) -> None:
    result = starlung("score", path, "--out", tmp_path / "out")
    lines = result.stderr.splitlines()
    assert "Traceback" not in result.stderr + result.stdout
    assert result.exit_code in (3, 4)  # none of them is a chest CT
    named = path.parent if path.name == "DICOMDIR" else path  # it names what it lists
    assert str(named) in result.stderr
    if result.exit_code == 4 and path.name != "DICOMDIR":  # a DICOMDIR may name many series
        assert len(lines) == 1
        assert lines[0].endswith(".")
