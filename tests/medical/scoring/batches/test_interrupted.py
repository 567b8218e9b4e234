"""An interrupt ends a run by several processes at once, whatever they are busy with.

The run is a program of its own (this file's last lines): an interrupt that came a moment too early
or too late would end the test's own process.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from medical.scoring.batches import parallel
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.batches.read_ahead import ReadSeries
from medical.scoring.scorer import Scorer
from tests.medical.scoring.small_chest import write_small_chest

BUSY_SECONDS = 240.0
BEGUN = "BEGUN"


def ignore_interrupts(*_: object) -> None:
    """Begin a process as one that scores begins, without networks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def be_busy(series: ReadSeries) -> None:
    """Stand for the scoring of a large CT."""
    (series.handle.path.parent / BEGUN).touch()
    time.sleep(BUSY_SECONDS)


def test_its_processes_are_ended_and_not_waited_for(tmp_path: Path) -> None:
    for number in (1, 2):
        write_small_chest(tmp_path / f"chest-{number}.nii.gz", seed=number)
    run = subprocess.Popen([sys.executable, "-m", __name__, tmp_path], stderr=subprocess.PIPE)
    try:
        while not (tmp_path / BEGUN).exists():
            assert run.poll() is None
            time.sleep(0.05)
        workers = psutil.Process(run.pid).children(recursive=True)
        assert workers
        interrupted = time.monotonic()
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=BUSY_SECONDS / 2)
    finally:
        run.kill()
    assert time.monotonic() - interrupted < BUSY_SECONDS / 4
    assert b"KeyboardInterrupt" in errors
    assert not psutil.wait_procs(workers, timeout=20)[1]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started this may ignore it
    parallel._begin, parallel._score = ignore_interrupts, be_busy  # type: ignore[assignment]
    parallel.ParallelBatch(Scorer.named(), folder / "out", ScoreOptions(), 2).score(
        sorted(folder.glob("*.nii.gz"))
    )
