"""Clock, snapshots and validation: what all ranks of a run must do at the same step."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from torch import nn

from models.distributed.checkpoints import SnapshotWriter
from models.training.config import LoopConfig
from models.training.log import RunLog
from models.training.ranks import Ranks
from models.training.state import RunState

_log = logging.getLogger(__name__)

_RETRY_SECONDS = 5.0
_LAST_TRIES = 3


class Schedule:
    """Beats once a step, by rank 0's clock and disk."""

    def __init__(
        self, state: RunState, config: LoopConfig, ranks: Ranks, writer: SnapshotWriter
    ) -> None:
        self.state, self.config, self.ranks, self.writer = state, config, ranks, writer
        self.started = time.monotonic() - state.seconds
        self.saved_at, self.saved_step = time.monotonic(), state.step
        self.progress = 0.0

    def goes_on(self) -> bool:
        """Take rank 0's clock, save when it says so; false when the budget is spent."""
        state, config = self.state, self.config
        seconds = time.monotonic() - self.started
        state.seconds, save = self.ranks.broadcast_from_rank0([seconds, float(self._due())])
        if save:
            self._save()
        if config.steps is not None:
            self.progress = state.step / config.steps
            if state.step >= config.steps:
                return False
        else:
            self.progress = state.seconds / config.seconds
        return state.seconds < config.seconds and not state.stopping.done

    def validate(self, validate: Callable[[nn.Module], float], log: RunLog) -> None:
        """Validate the average on rank 0; all remember the outcome."""
        state, loss = self.state, 0.0
        if self.ranks.first:
            loss = validate(state.average.module)
            log.add_validation(state.step, state.seconds, loss)
        (loss,) = self.ranks.broadcast_from_rank0([loss])
        state.stopping.see(loss, state.average.module)

    def finish(self) -> None:
        """Write the last checkpoint, with a few more tries on a full disk."""
        for _ in range(_LAST_TRIES):
            if not self._unsaved():
                return
            self._save()
        if not self._unsaved():
            return
        _log.warning(
            "the last checkpoint could not be written; the trained weights are kept all the same"
        )

    def _unsaved(self) -> bool:
        self.writer.wait()
        missing = self.writer.failed or self.state.step != self.saved_step
        return bool(self.ranks.broadcast_from_rank0([float(missing)])[0])

    def _due(self) -> bool:
        waited = time.monotonic() - self.saved_at
        if self.state.step == self.saved_step:
            return False
        if self.writer.failed and waited > _RETRY_SECONDS:
            return True
        if (steps := self.config.snapshot_steps) is not None:
            return self.state.step % steps == 0
        return waited > self.config.snapshot_seconds

    def _save(self) -> None:
        self.writer.submit(self.state.step, self.state.tensors(rank=self.ranks.rank))
        self.saved_at, self.saved_step = time.monotonic(), self.state.step
