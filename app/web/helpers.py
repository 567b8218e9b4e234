"""What takes seconds and serves one reader now: our own commands, each in a process, one at a time.

On failure: what the command said on its last line is kept as the reason; asking again tries again.
When the server ends the running process is ended; what it would have kept is made at the next ask.
"""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.environment import child_environment
from app.settings import Settings

_PATIENCE_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Errand:
    """How far a command is; ``problem`` is its last line where it failed."""

    state: Literal["waiting", "done", "failed"]
    problem: str = ""


class Helpers:
    """Runs ``starlung`` commands for the pages."""

    def __init__(self, settings: Settings) -> None:
        self._environment = child_environment(settings)
        self._errands: dict[tuple[str, ...], Errand] = {}
        self._line: queue.SimpleQueue[tuple[str, ...]] = queue.SimpleQueue()
        self._turn = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[str] | None = None

    def ask(self, *arguments: str) -> None:
        """Run a command soon; nothing happens where it is in line already."""
        with self._turn:
            known = self._errands.get(arguments)
            if known is not None and known.state == "waiting":
                return
            self._errands[arguments] = Errand("waiting")
            self._line.put(arguments)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()

    def state(self, *arguments: str) -> Errand | None:
        """How far a command is; ``None`` when nobody has asked for it."""
        with self._turn:
            return self._errands.get(arguments)

    def stop(self) -> None:
        """End the running process."""
        if self._process is not None:
            self._process.terminate()

    def _work(self) -> None:
        while True:
            arguments = self._line.get()
            ended = self._run(arguments)
            with self._turn:
                self._errands[arguments] = ended

    def _run(self, arguments: tuple[str, ...]) -> Errand:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app.cli.main", *arguments],
                cwd=Path(__file__).parents[2],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            _, said = self._process.communicate(timeout=_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.stop()
            return Errand("failed", "it took too long")
        except OSError as error:
            return Errand("failed", error.strerror or type(error).__name__)
        if self._process.returncode == 0:
            return Errand("done")
        lines = said.strip().splitlines()
        traced = any(line.startswith("Traceback") for line in lines)
        return Errand("failed", "the program failed" if traced or not lines else lines[-1])
