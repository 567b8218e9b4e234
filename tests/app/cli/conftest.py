"""Run the program in this process, with a work folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.cli.main import app

Run = Callable[..., Result]


@pytest.fixture
def work_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where imported models go; no ``starlung.toml`` of the developer's counts."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "work"
    monkeypatch.setenv("STARLUNG_WORK_DIR", str(folder))
    return folder


@pytest.fixture
def starlung(work_dir: Path) -> Run:
    """``starlung("score", path, "--out", out)``; an unexpected exception fails the test."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(part) for part in arguments], catch_exceptions=False)

    return run


def one_line(text: str) -> str:
    """The only line of an error, without a trace."""
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    assert "Traceback" not in text
    return lines[0]
