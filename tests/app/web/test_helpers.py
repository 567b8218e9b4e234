from __future__ import annotations

import time
from pathlib import Path

from app.settings import Settings
from app.web.helpers import Errand, Helpers


def ended(helpers: Helpers, *arguments: str, seconds: float = 60) -> Errand:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        errand = helpers.state(*arguments)
        if errand is not None and errand.state != "waiting":
            return errand
        time.sleep(0.05)
    raise AssertionError("waited too long")


def test_a_command_runs_in_a_process(tmp_path: Path) -> None:
    helpers = Helpers(Settings(work_dir=tmp_path))
    assert helpers.state("models", "list") is None
    helpers.ask("models", "list")
    assert ended(helpers, "models", "list").state == "done"


def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    helpers = Helpers(Settings(work_dir=tmp_path))
    helpers.ask("explain", str(tmp_path))
    errand = ended(helpers, "explain", str(tmp_path))
    assert errand.state == "failed"
    assert "cannot be read" in errand.problem
    assert "Traceback" not in errand.problem
