from pathlib import Path

import pydicom
import pytest
from typer.testing import CliRunner

from app.cli.main import app

RUNNER = CliRunner()
FILES = sorted((Path(pydicom.__file__).parent / "data" / "test_files").rglob("*.dcm"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_pydicoms_own_files_end_with_a_sentence(path: Path, tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["score", str(path), "--out", str(tmp_path / "out")])
    assert result.exit_code in (3, 4), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert str(path.name) in result.stderr
    assert "Traceback" not in result.output


def test_missing_path_scores_none(tmp_path: Path) -> None:
    result = RUNNER.invoke(app, ["score", str(tmp_path / "no"), "--out", str(tmp_path / "out")])
    assert result.exit_code == 4
    assert len(result.stderr.strip().splitlines()) == 1


def test_unknown_model_is_wrong_use(tmp_path: Path) -> None:
    arguments = ["score", str(tmp_path), "--out", str(tmp_path / "out"), "--model", "nobody"]
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == 2
    assert "starlung-base" in result.stderr


def test_no_input_is_wrong_use() -> None:
    assert RUNNER.invoke(app, ["score"]).exit_code == 2
