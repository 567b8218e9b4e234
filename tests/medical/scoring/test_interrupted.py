"""An interrupt ends a run by several processes at once, whatever they are busy with."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from medical.scoring import parallel
from medical.scoring.batch import ScoreOptions
from medical.scoring.scorer import Scorer
from tests.medical.scoring.small_chest import write_small_chest

BUSY_SECONDS = 60.0


def ignore_interrupts(*_: object) -> None:
    """Begin a process as one that scores begins, without networks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def be_busy(series: object) -> None:
    """Stand for the scoring of a large CT."""
    time.sleep(BUSY_SECONDS)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let SIGINT interrupt, which the test runner's own processes are told to ignore."""
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, earlier)


@pytest.mark.usefixtures("interruptible")
def test_its_processes_are_ended_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_begin", ignore_interrupts)
    monkeypatch.setattr(parallel, "_score", be_busy)
    for number in (1, 2):
        write_small_chest(tmp_path / f"chest-{number}.nii.gz", seed=number)
    batch = parallel.ParallelBatch(Scorer.named(), tmp_path / "out", ScoreOptions(), 2)
    before = multiprocessing.active_children()
    interrupt = threading.Timer(4.0, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        batch.score(sorted(tmp_path.glob("*.nii.gz")))
    assert time.monotonic() - started < BUSY_SECONDS / 2
    assert multiprocessing.active_children() == before
