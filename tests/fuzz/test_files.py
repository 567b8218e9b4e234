"""Thousands of damaged files: no reader breaks, hangs or takes more than it may."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fuzz.run import run

INPUTS = int(os.environ.get("STARLUNG_FUZZ_INPUTS", "2000"))


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_damaged_files_are_refused_or_read(tmp_path: Path) -> None:
    outcome = run(tmp_path / "fuzz", inputs=INPUTS, processes=2)
    assert outcome.problems == []
    assert sum(outcome.inputs.values()) >= INPUTS
