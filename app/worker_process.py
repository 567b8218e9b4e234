"""The workers that `starlung serve` keeps running beside the pages, and what they get to know.

Studies and what a reader waits for (maps, registrations) have a worker each, so that nobody waits
for a night's scoring to end. The environment of a process can be read by whatever makes it read a
file of its choice, so it holds what a child needs to run, and no secret; what it must know of
secrets (the store's password) comes through a pipe, see `handover`.

On failure: a worker that ends is started again after a pause, and the store gives its study to the
new one; when the server ends, however it ends, the worker's standard input closes and it puts its
study back.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from app.settings import Settings

_NEEDED = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "USERNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
        *("TMP", "TEMP", "XDG_DATA_HOME", "XDG_CACHE_HOME", "LD_LIBRARY_PATH", "VIRTUAL_ENV"),
        *("SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "APPDATA", "LOCALAPPDATA", "USERPROFILE"),
        *("PYTHONPATH", "PYTHONHASHSEED", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"),
    }
)
_NEEDED_STARTS = ("LC_", "OMP_", "MKL_", "OPENBLAS_", "CUDA_", "NVIDIA_", "KMP_", "OV_")
_DATABASE_STARTS = ("PG",)
"""What libpq looks at; a password may be among it, so it goes through the pipe."""


def child_environment(settings: Settings) -> dict[str, str]:
    """Return the variables for a process that we start."""
    needed = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _NEEDED or name.startswith(_NEEDED_STARTS)
    }
    # an empty file of settings, so that the child reads none of its own
    given = {"WORK_DIR": str(settings.work_dir.resolve()), "CONFIG": os.devnull}
    return needed | {f"STARLUNG_{name}": value for name, value in given.items()}


def handover(settings: Settings) -> bytes:
    """Build the line for a worker's standard input: its settings, and how to reach the store."""
    given = {
        "work_dir": str(settings.work_dir.resolve()),
        "store_url": settings.address_of_store(),
        "model": settings.model,
        "starnet": settings.starnet,
        "samples": settings.samples,
        "lease_seconds": settings.lease_seconds,
        "score_timeout_minutes": settings.score_timeout_minutes,
        "intake_limit_minutes": settings.intake_limit_minutes,
        "log_format": settings.log_format,
        "hide_identity": settings.hide_identity,
    }
    database = {k: v for k, v in os.environ.items() if k.startswith(_DATABASE_STARTS)}
    return json.dumps({"settings": given, "database": database}).encode() + b"\n"


def taken_over(stream: BinaryIO) -> Settings | None:
    """Read what `handover` wrote; ``None`` when the stream ended before.

    The variables for the database are set in this process, where no file of the kernel shows them.
    """
    line = stream.readline()
    if not line:
        return None
    given: Mapping[str, Any] = json.loads(line)
    os.environ.update(given["database"])
    return Settings(**given["settings"])


def keep_private(settings: Settings) -> None:
    """Let nobody else read what this process and those before it wrote into the work folder.

    Raises:
        OSError: the folder cannot be made, or is another user's.
    """
    if sys.platform == "win32":  # the user's folder has its own rights there
        settings.work_dir.mkdir(parents=True, exist_ok=True)
        return
    os.umask(0o077)
    folder = settings.work_dir
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    for path in folder.iterdir():
        if path.is_file() and not path.is_symlink() and path.stat().st_mode & 0o077:
            path.chmod(0o600)


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
                    cwd=Path(__file__).parents[1],
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
