"""Thousands of damaged associations: the node answers the next sound one, and takes no memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fuzz.associations import run

ROUNDS = int(os.environ.get("STARLUNG_FUZZ_ROUNDS", "2000"))


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_node_outlives_damaged_associations(tmp_path: Path) -> None:
    outcome = run(tmp_path, rounds=ROUNDS)
    assert outcome.problems == []
    assert outcome.rounds == ROUNDS
