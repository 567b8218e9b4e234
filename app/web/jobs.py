"""Scoring beside the page: one process a job, one job at a time, ended with the server."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from app.settings import Settings

State = Literal["waiting", "running", "done", "failed", "cancelled"]
STAGES = ("read", "prepare", "detect", "refine", "measure", "write", "view")
"""Stages in order; ``view`` prepares the images for the browser after scoring."""


@dataclass(slots=True)
class Job:
    """One scoring run; the page reads it, the queue's thread writes it.

    Args:
        source: what is scored.
        folder: the job's own folder, with ``result/`` and ``log.txt``.
        errors: inputs that could not be used, one sentence each.
        failure: catalogue key of what ended a failed job.
    """

    source: Path
    folder: Path
    state: State = "waiting"
    stage: str = STAGES[0]
    fraction: float = 0.0
    errors: list[str] = field(default_factory=list)
    failure: str = ""
    process: subprocess.Popen[str] | None = None

    @property
    def result(self) -> Path:
        """Where the results go."""
        return self.folder / "result"

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("done", "failed", "cancelled")

    def cancel(self) -> None:
        """End the job at once."""
        self.state = "cancelled"
        if self.process is not None:
            self.process.kill()

    def read_line(self, line: str) -> None:
        """Take one line of the worker's report: JSON with a stage, or with the end."""
        message = json.loads(line)
        if "stage" in message:
            self.stage, self.fraction = message["stage"], float(message["fraction"])
        if "errors" in message:
            self.errors = list(message["errors"])
            self.state = "done" if message["series"] else "failed"
            self.failure = "" if message["series"] else message["failure"]


class JobQueue:
    """Runs jobs one after the other, so that two readers do not halve each other's speed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = threading.Lock()

    def new_folder(self) -> Path:
        """A fresh folder for one job or upload, after clearing away those that are too old."""
        root = self._settings.work_dir / "jobs"
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        oldest = time.time() - self._settings.upload_keep_hours * 3600
        for folder in root.iterdir():
            if folder.is_dir() and folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
        folder = root / secrets.token_hex(12)
        folder.mkdir(mode=0o700)
        return folder

    def submit(self, source: Path, folder: Path) -> Job:
        """Start scoring ``source`` as soon as it is its turn."""
        job = Job(source, folder)
        threading.Thread(target=self._run, args=(job,), daemon=True).start()
        return job

    def _run(self, job: Job) -> None:
        with self._turn:
            if job.state == "cancelled":
                return
            job.state = "running"
            try:
                self._work(job)
            except (OSError, ValueError, KeyError):
                job.failure = "worker_failed"
            finally:
                if not job.finished:
                    job.state, job.failure = "failed", job.failure or "worker_failed"

    def _work(self, job: Job) -> None:
        request = {
            "source": str(job.source),
            "folder": str(job.folder),
            "model": self._settings.model,
            "passes": self._settings.passes,
        }
        with (job.folder / "log.txt").open("w") as log:
            # The worker ends itself when its standard input closes, that is, when we are gone.
            job.process = subprocess.Popen(
                [sys.executable, "-m", "app.web.worker", json.dumps(request)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
            timer = threading.Timer(self._settings.score_timeout_minutes * 60, _expire, [job])
            timer.daemon = True
            timer.start()
            try:
                for line in job.process.stdout or ():
                    job.read_line(line)
            finally:
                timer.cancel()
                job.process.kill()
                job.process.wait()


def _expire(job: Job) -> None:
    job.failure = "too_long"
    if job.process is not None:
        job.process.kill()
