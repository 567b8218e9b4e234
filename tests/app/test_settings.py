from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_listens_on_this_machine_only() -> None:
    assert Settings().host == "127.0.0.1"
    with pytest.raises(ValidationError, match=r"cannot listen on 0\.0\.0\.0"):
        Settings(host="0.0.0.0")


def test_localhost_is_this_machine() -> None:
    assert Settings(host="localhost").host == "127.0.0.1"


def test_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "starlung.toml").write_text("port = 9001\npasses = 8\n")
    monkeypatch.setenv("STARLUNG_PORT", "9002")
    assert (Settings().port, Settings().passes) == (9002, 8)
