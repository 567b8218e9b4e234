"""Keeps a study ours while it is scored, in threads of their own.

On failure: a database that is locked or gone is asked again every second for as long as the study
is scored; the time limit is watched by a thread that asks no database. A study that another worker
took in spite of all is left to it at once: two must not write into one folder.
"""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from medical.store.database import Store, StoreUnavailableError
from medical.store.queue import Claimed, renew

TELL_SECONDS = 1.0  # how often readers see progress, where the lease is long
_log = logging.getLogger(__name__)
Result = TypeVar("Result")


class Lease:
    """Renews a lease and watches the time, until the block ends.

    Args:
        store: holds the queue.
        claimed: the study.
        seconds: how long it stays ours without a renewal.
        max_seconds: a study that takes longer is stopped; ``inf`` for no limit.

    Attributes:
        expired: the time limit was reached.
        lost: another worker has the study now.
    """

    def __init__(
        self, store: Store, claimed: Claimed, seconds: float, *, max_seconds: float = math.inf
    ) -> None:
        self.expired = self.lost = False
        self._store, self._claimed, self._seconds = store, claimed, seconds
        self._stage, self._fraction = "", 0.0
        self._limit_seconds = max_seconds
        self._ended = threading.Event()
        self._turn = threading.Lock()
        self._threads = [threading.Thread(target=self._renew, daemon=True)]
        if math.isfinite(max_seconds):
            self._threads.append(threading.Thread(target=self._watch, daemon=True))

    def tell(self, stage: str, fraction: float) -> None:
        """Say how far the study is; readers see it at the next renewal."""
        self._stage, self._fraction = stage, fraction

    def __enter__(self) -> Lease:
        """Begin to renew and to watch."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop both."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def write_outcome(self, write: Callable[[], Result]) -> Result:
        """Write how the study ended, as often as it takes, and renew no more.

        Args:
            write: writes it in one transaction.
        """
        while True:
            try:
                with self._turn:
                    result = write()
                    self._ended.set()
                    return result
            except StoreUnavailableError as error:
                _log.warning("cannot write how %s ended: %s", self._claimed.key, error.problem)
                time.sleep(TELL_SECONDS)

    def _renew(self) -> None:
        while not self._ended.wait(min(self._seconds / 5, TELL_SECONDS)):
            try:
                with self._turn:
                    if not self._ended.is_set() and not self._renew_once():
                        self.lost = True
            except Exception as error:  # whatever it is, the next try may succeed
                _log.warning("cannot renew %s: %s", self._claimed.key, type(error).__name__)
            if self.lost:
                signal.raise_signal(signal.SIGTERM)  # its handler raises Stop in the main thread
                return

    def _renew_once(self) -> bool:
        return renew(
            self._store,
            self._claimed,
            stage=self._stage,
            fraction=self._fraction,
            lease_seconds=self._seconds,
        )

    def _watch(self) -> None:
        if not self._ended.wait(self._limit_seconds):
            self.expired = True
            signal.raise_signal(signal.SIGTERM)
