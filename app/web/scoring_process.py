"""The workers that `starlung serve` keeps running beside the pages.

Studies and what a reader waits for (maps, registrations) have a worker each, so that nobody waits
for a night's scoring to end.

On failure: a worker that ends is started again after a pause, and the store gives its study to the
new one; when the server ends, however it ends, the worker's standard input closes and it puts its
study back.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from app.environment import child_environment, handover
from app.settings import Settings

_PAUSE_SECONDS = 2.0


class ScoringProcess:
    """One worker process, watched by a thread.

    Args:
        settings: of the site.
        for_readers: it does readers' jobs only; else it takes whatever waits.
    """

    def __init__(self, settings: Settings, *, for_readers: bool = False) -> None:
        self._options = ("--attached", *(("--for-readers",) if for_readers else ()))
        self._environment = child_environment(settings)
        self._handover = handover(settings)
        self._log = settings.work_dir / "worker.log"
        self._ended = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the worker and the thread that watches it."""
        self._log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        threading.Thread(target=self._keep_running, daemon=True).start()

    def stop(self) -> None:
        """End the worker; its study goes back into the queue."""
        self._ended.set()
        process = self._process
        if process is not None:
            process.terminate()

    def _keep_running(self) -> None:
        while not self._ended.is_set():
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "app.cli.main", "worker", *self._options],
                    cwd=Path(__file__).parents[2],
                    env=self._environment,
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                )
                if self._process.stdin is not None:
                    with suppress(OSError):  # it ended at once: it is started again
                        self._process.stdin.write(self._handover)
                        self._process.stdin.flush()
                self._process.wait()
            self._ended.wait(_PAUSE_SECONDS)
