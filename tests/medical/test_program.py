"""The version that every result and report states."""

from __future__ import annotations

import subprocess
from importlib.metadata import version

from medical.program import program_version
from tests.conftest import REPOSITORY


def test_the_version_of_a_checkout_names_its_commit() -> None:
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    installed, _, rest = program_version().partition("+")
    assert installed == version("starlung")
    assert rest.removesuffix(".changed") == commit
