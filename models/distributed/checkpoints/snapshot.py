"""Asynchronous checkpoints: copy to memory now, write behind while training goes on.

On failure (disk full, peer gone): training goes on, a sentence says so, ``failed`` asks for a new
try. Of several ranks each writes its part; they talk over a group of their own, because two
threads must not share one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from threading import Thread

from torch import Tensor
from torch import distributed as dist

from models.distributed.checkpoints.checkpoint import CheckpointStore

_log = logging.getLogger(__name__)


class SnapshotWriter:
    """Writes snapshots one after the other in a thread.

    Args:
        store: where they go.
    """

    def __init__(self, store: CheckpointStore) -> None:
        self.store = store
        several = dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
        self._group = dist.new_group(backend="gloo") if several else None
        self._thread: Thread | None = None
        self.failed = False
        self.write_seconds = 0.0

    def submit(self, step: int, tensors: Mapping[str, Tensor]) -> None:
        """Copy the tensors and return; waits only while the snapshot before is still written."""
        self.wait()
        copies = {name: tensor.detach().to("cpu", copy=True) for name, tensor in tensors.items()}
        # a daemon: a rank that must die after a peer's death does not wait for its disk
        self._thread = Thread(target=self._write, args=(step, copies), daemon=True)
        self._thread.start()

    def wait(self, *, most_seconds: float | None = None) -> None:
        """Return when nothing is being written, or after ``most_seconds``."""
        if self._thread is not None:
            self._thread.join(most_seconds)
            if not self._thread.is_alive():
                self._thread = None

    def _write(self, step: int, tensors: dict[str, Tensor]) -> None:
        started = time.monotonic()
        try:
            self.store.write(step, tensors, group=self._group)
        except BaseException as error:  # whatever it is, it must not end the training
            self.failed = True
            _log.warning(
                f"the checkpoint of step {step} could not be written ({_reason(error)}); "
                "training goes on and tries again"
            )
            return
        if self.failed:
            _log.info(f"checkpoints are written again, at step {step}")
        self.failed = False
        self.write_seconds = time.monotonic() - started


def _reason(error: BaseException) -> str:
    """Return the first cause in one line: torch wraps what each rank raised, with their traces."""
    failures = getattr(error, "failures", None)
    if failures:
        wrapped = next(iter(failures.values()))
        error = wrapped[0] if isinstance(wrapped, tuple) else wrapped
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[-1] if lines else 'no reason given'}"
