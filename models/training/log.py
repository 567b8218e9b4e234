"""What a run tells: mean losses now and then, in ``log.jsonl``, to people and to TensorBoard.

On failure: a full disk costs the lines, never the run.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from models.training.config import LoopConfig

_log = logging.getLogger(__name__)

Events = Callable[[int, dict[str, float]], None]
RENEWS = "renews"
"""Attribute of a log record that takes the place of the one before, on a terminal."""
_MINUTE, _HOUR = 60.0, 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run has come.

    Args:
        stage: name of the stage of a curriculum; empty without one.
        step: steps taken.
        steps: budget of them, where there is one.
        seconds_left: until the first budget is spent, at the pace so far; ``None``: not known yet.
        losses: mean since the last time, by name.
    """

    stage: str
    step: int
    steps: int | None
    seconds_left: float | None
    losses: dict[str, float]

    def sentence(self) -> str:
        """One line for people."""
        of = f" of {self.steps}" if self.steps is not None else ""
        losses = ", ".join(f"{name} {value:.4f}" for name, value in self.losses.items())
        left = "" if self.seconds_left is None else time_left(self.seconds_left)
        parts = (self.stage, f"step {self.step}{of}", f"loss {losses}", left)
        return "; ".join(part for part in parts if part)


def time_left(seconds: float) -> str:
    """Seconds to come as people say them."""
    if seconds < _MINUTE:
        return f"{seconds:.0f} s left"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min left"
    return f"{seconds / _HOUR:.1f} h left"


class RunLog:
    """Gathers losses and tells their means.

    Args:
        path: of the lines.
        config: how often, and what the budget is.
        events: told step and means, for TensorBoard.
    """

    def __init__(self, path: Path, *, config: LoopConfig, events: Events | None = None) -> None:
        self.path, self.config, self.events = path, config, events
        self.stage = ""
        self._sums: dict[str, Tensor] = {}
        self._steps = 0
        self._failed = False
        self._shown_at = -math.inf

    def add(self, step: int, seconds: float, parts: dict[str, Tensor]) -> None:
        """Add one step's losses; stays on the device until a line is due.

        The first step is told at once: a run that is too slow or diverges shows it without delay.
        A slow one is shown every ``show_seconds``, between the lines of the log.
        """
        for name, value in parts.items():
            zero = torch.zeros((), device=value.device)
            self._sums[name] = self._sums.get(name, zero) + value.detach()
        self._steps += 1
        written = step == 1 or step % self.config.log_steps == 0
        if not written and time.monotonic() - self._shown_at < self.config.show_seconds:
            return
        means = {name: round(float(v) / self._steps, 4) for name, v in self._sums.items()}
        self._show(step, seconds, means)
        if written:
            self._sums, self._steps = {}, 0
            self._write(step, seconds, means)

    def add_validation(self, step: int, seconds: float, loss: float) -> None:
        """Write the loss on what is not trained on."""
        _log.info(f"step {step}; validation loss {loss:.4f}")
        self._write(step, seconds, {"validation": round(loss, 4)})

    def _show(self, step: int, seconds: float, losses: dict[str, float]) -> None:
        self._shown_at = time.monotonic()
        left = self.config.seconds - seconds
        if self.config.steps is not None:  # ``seconds`` are those before this step
            if step > 1:
                left = min(left, max(0, self.config.steps - step) * seconds / (step - 1))
            else:  # the pace is not known, and steps may end the run long before the time does
                left = math.inf
        progress = Progress(
            stage=self.stage,
            step=step,
            steps=self.config.steps,
            seconds_left=max(0.0, left) if math.isfinite(left) else None,
            losses=losses,
        )
        _log.info(progress.sentence(), extra={RENEWS: True})

    def _write(self, step: int, seconds: float, values: dict[str, float]) -> None:
        line = json.dumps({"step": step, "seconds": round(seconds, 1), **values})
        try:
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")
            if self.events is not None:
                self.events(step, values)
        except OSError as error:
            if not self._failed:
                _log.warning(f"{self.path}: cannot be written ({error.strerror}); training goes on")
            self._failed = True


@contextmanager
def tensorboard_events(folder: Path) -> Iterator[Events | None]:
    """Make a listener that writes each mean loss as a scalar; ``None`` without the package.

    Use as a context: the writer keeps events in memory, and a process that merely ends loses the
    last of them.

    Args:
        folder: of the event files; ``tensorboard --logdir`` shows it.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        _log.warning("TensorBoard events are not written: its package is missing (starlung[train])")
        yield None
        return
    writer = SummaryWriter(str(folder), flush_secs=30)

    def write(step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            writer.add_scalar(f"loss/{name}", value, step)

    try:
        yield write
    finally:
        writer.close()
