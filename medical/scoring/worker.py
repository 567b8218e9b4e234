"""Scores studies of the queue, one after another, until told to stop.

On failure: an input that cannot be used fails with one sentence and the next is taken; a worker
that is killed loses its study to the next claim after one lease; SIGTERM puts it back at once.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from medical.errors import InputError
from medical.scoring.score import ScoreResult, score_path
from medical.store.database import Store
from medical.store.queue import (
    LEASE_SECONDS,
    Claimed,
    claim,
    finish,
    give_back,
    give_up,
    renew,
)

_IDLE_SECONDS = 1.0
Say = Callable[[str], None]


class Stop(BaseException):
    """Raised in the main thread, by a signal's handler, to end the worker."""


@dataclass(slots=True)
class Worker:
    """One process that scores.

    Args:
        store: holds the queue.
        model: name or folder.
        passes: Monte-Carlo dropout samples.
        imported: folder of the user's own models.
        say: told one line a study.
        lease_seconds: how long a study stays ours without a renewal.
    """

    store: Store
    model: str
    passes: int
    imported: Path | None
    say: Say
    lease_seconds: float = LEASE_SECONDS
    owner: str = field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    )

    def run(self, *, until_empty: bool) -> int:
        """Score until ``Stop``, or until nothing waits; returns how many studies were finished."""
        count = 0
        try:
            while True:
                claimed = claim(self.store, self.owner, lease_seconds=self.lease_seconds)
                if claimed is not None:
                    count += self._score(claimed)
                elif until_empty:
                    return count
                else:
                    time.sleep(_IDLE_SECONDS)
        except Stop:
            return count

    def _score(self, claimed: Claimed) -> bool:
        lease = _Lease(self.store, claimed, self.lease_seconds)
        try:
            with lease:
                result = score_path(
                    claimed.source,
                    out=claimed.folder,
                    model=self.model,
                    passes=self.passes,
                    imported=self.imported,
                    progress=lease.tell,
                )
        except Stop:
            give_back(self.store, claimed)
            self.say(f"{claimed.key}: put back into the queue")
            raise
        except (InputError, OSError) as error:
            return self._failed(claimed, str(error))
        except Exception as error:  # the log gets the trace, the night goes on
            logging.getLogger(__name__).exception("scoring %s failed", claimed.key)
            return self._failed(claimed, f"the program failed ({type(error).__name__})")
        if not result.series:
            return self._failed(claimed, "; ".join(map(str, result.errors)) or "no CT series in it")
        kept = finish(self.store, claimed, priority=_strongest(result))
        self.say(f"{claimed.key}: {'ready' if kept else 'another worker has it, left to that'}")
        return kept

    def _failed(self, claimed: Claimed, reason: str) -> bool:
        give_up(self.store, claimed, failure=reason)
        self.say(f"{claimed.key}: {reason}")
        return False


class _Lease:
    """Renews a lease in a thread of its own while the study is scored."""

    def __init__(self, store: Store, claimed: Claimed, seconds: float) -> None:
        self.store, self.claimed, self.seconds = store, claimed, seconds
        self.stage, self.fraction = "", 0.0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._renew, daemon=True)

    def tell(self, stage: str, fraction: float) -> None:
        self.stage, self.fraction = stage, fraction

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.thread.join()

    def _renew(self) -> None:
        while not self.ended.wait(self.seconds / 5):
            renew(
                self.store,
                self.claimed,
                stage=self.stage,
                fraction=self.fraction,
                lease_seconds=self.seconds,
            )


def _strongest(result: ScoreResult) -> float:
    found = [f.probability for series in result.series for f in series.findings.findings]
    return max(found, default=0.0)
