"""Fixtures that every part may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of shared real CTs; tests that need it are skipped where it is not."""
    folder = Path(os.environ.get("STARLUNG_REAL_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real CTs in {folder}; set STARLUNG_REAL_DATA")
    return folder
