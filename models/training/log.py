"""What a run tells: a line of mean losses now and then, in ``log.jsonl`` and to a listener.

On failure: a full disk costs the lines, never the run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

Say = Callable[[str], None]
Events = Callable[[int, dict[str, float]], None]


class RunLog:
    """Gathers losses and tells their means.

    Args:
        path: of the lines.
        every: steps between lines.
        say: told each line.
        events: told step and means, for TensorBoard.
    """

    def __init__(self, path: Path, *, every: int, say: Say, events: Events | None) -> None:
        self.path, self.every, self.say, self.events = path, every, say, events
        self._sums: dict[str, Tensor] = {}
        self._steps = 0
        self._told = False

    def add(self, step: int, seconds: float, parts: dict[str, Tensor]) -> None:
        """Add one step's losses; stays on the device until a line is due.

        The first step is told at once: a run that is too slow or diverges shows it without delay.
        """
        for name, value in parts.items():
            zero = torch.zeros((), device=value.device)
            self._sums[name] = self._sums.get(name, zero) + value.detach()
        self._steps += 1
        if step == 1 or step % self.every == 0:
            means = {name: round(float(v) / self._steps, 4) for name, v in self._sums.items()}
            self._sums, self._steps = {}, 0
            self.tell(step, seconds, means)

    def tell(self, step: int, seconds: float, values: dict[str, float]) -> None:
        """Write one line."""
        line = json.dumps({"step": step, "seconds": round(seconds, 1), **values})
        self.say(line)
        try:
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")
            if self.events is not None:
                self.events(step, values)
        except OSError as error:
            if not self._told:
                self.say(f"{self.path}: cannot be written ({error.strerror}); training goes on")
            self._told = True
