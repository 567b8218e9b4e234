"""``starlung serve`` and its worker: what is refused, and that the worker ends with the server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.app.cli.conftest import Run, one_line


def test_others_may_not_reach_it_without_login(starlung: Run) -> None:
    result = starlung("serve", "--host", "0.0.0.0")
    assert result.exit_code == 2
    line = one_line(result.stderr)
    assert line.startswith("Cannot listen on 0.0.0.0: without login StarLung serves this machine")


def test_half_a_login_is_refused(starlung: Run, monkeypatch: object) -> None:
    monkeypatch.setenv("STARLUNG_LOGIN_METADATA_URL", "https://id.example")  # type: ignore[attr-defined]
    result = starlung("serve")
    assert result.exit_code == 2
    assert "one of them is missing" in one_line(result.stderr)


def test_a_worker_ends_when_the_server_that_started_it_is_gone(tmp_path: Path) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-m", "app.cli.main", "worker", "--attached"],
        stdin=subprocess.PIPE,
        env=os.environ | {"STARLUNG_WORK_DIR": str(tmp_path)},
    )
    try:
        assert worker.stdin is not None
        worker.stdin.close()
        assert worker.wait(timeout=120) == 0
    finally:
        worker.kill()
