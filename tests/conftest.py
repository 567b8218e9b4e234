"""Fixtures that every part may use."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
_MAIN, _UMASK = sys.modules["__main__"], os.umask(0o022)
os.umask(_UMASK)  # there is no other way to ask for it


@pytest.fixture(autouse=True)
def process_left_as_it_was() -> Iterator[None]:
    """What the program changes for its whole process, and the next test must not inherit.

    Streamlit's test runner puts the page in the place of ``__main__``, which spawned processes then
    run; the server keeps its files to its owner.
    """
    yield
    sys.modules["__main__"] = _MAIN
    os.umask(_UMASK)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of shared real CTs; tests that need it are skipped where it is not."""
    folder = Path(os.environ.get("STARLUNG_REAL_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real CTs in {folder}; set STARLUNG_REAL_DATA")
    return folder
