"""Fixtures that every part may use."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from medical.scoring.scorer import Scorer

# Two workers on two cores: more threads only wait for each other. Set before torch is imported,
# here and in every program that a test starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Networks are converted once for all tests, and the user's own cache stays as it is.
os.environ.setdefault("STARLUNG_CACHE_DIR", str(Path(tempfile.gettempdir()) / "starlung-tests"))
# In an activated environment pynetdicom's own storescu and echoscu would come before DCMTK's.
if sys.prefix != sys.base_prefix:
    _OWN = str(Path(sys.executable).parent)
    _OTHERS = [folder for folder in os.environ["PATH"].split(os.pathsep) if folder != _OWN]
    os.environ["PATH"] = os.pathsep.join(_OTHERS)

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
def scorer() -> Scorer:
    """The shipped networks, loaded and compiled once for all tests."""
    return Scorer.named()


@pytest.fixture(scope="session")
def quick_scorer() -> Scorer:
    """The shipped networks with the fewest samples: for what does not depend on the figures."""
    return Scorer.named(samples=2)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of shared real CTs; tests that need it are skipped where it is not."""
    folder = shared_real_data()
    if folder is None:
        pytest.skip("no real CTs here; set STARLUNG_REAL_DATA")
    return folder


def shared_real_data() -> Path | None:
    folder = Path(os.environ.get("STARLUNG_REAL_DATA", REPOSITORY.parent / "shared" / "data"))
    return folder if folder.is_dir() else None
