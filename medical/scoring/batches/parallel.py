"""One run by several processes of this machine, each with networks of its own.

Each keeps to its share of the processor's cores. On failure: a process that dies (killed, or out of
memory) takes its series with it and the others' that were begun; all are begun anew, by new
processes and one by one, so that the one that kills is told from the others. It fails when three
processes have died over it alone, and the others go on.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medical.errors import InputError
from medical.logs import silence_libraries
from medical.scoring.batches.batch import Batch
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.batches.read_ahead import ReadSeries
from medical.scoring.batches.shared import (
    MAX_DEATHS,
    Reply,
    SharedBatch,
    Task,
    keep_to_share,
)

if TYPE_CHECKING:
    from medical.scoring.scorer import Scorer

AHEAD = 2
"""Series that wait for each process: enough that none is idle."""


@dataclass(slots=True)
class ParallelBatch(SharedBatch):
    """One run over inputs into one folder, by several processes of this machine."""

    _pool: ProcessPoolExecutor | None = None
    _others: list[Any] = field(default_factory=multiprocessing.active_children)
    _running: dict[Future[Any], Task] = field(default_factory=dict)

    def _share(self, tasks: Iterator[Task]) -> None:
        try:
            for task in tasks:
                while len(self._running) >= AHEAD * self.workers:
                    self._collect()
                self._submit(task)
            while self._running:
                self._collect()
        except KeyboardInterrupt:
            self._end_workers()  # whoever interrupts does not wait until theirs are scored
            raise
        finally:
            if self._pool is not None:
                self._pool.shutdown(wait=True, cancel_futures=True)

    def _end_workers(self) -> None:
        for process in multiprocessing.active_children():
            if process not in self._others:
                process.terminate()  # a result appears whole or not at all

    def _submit(self, task: Task) -> None:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            options = self.options.without_listeners()
            self._pool = ProcessPoolExecutor(
                self.workers,
                mp_context=context,
                initializer=_begin,
                initargs=(self.scorer, self.out, options, self.workers, context.Value("i", 0)),
            )
        try:
            self._running[self._pool.submit(_score, task.series)] = task
        except BrokenProcessPool:
            self._pool = None
            self._submit(task)

    def _collect(self) -> None:
        """Wait until a series is done, and count it."""
        wait(self._running, return_when=FIRST_COMPLETED)
        if not (orphans := self._count_done()):
            return
        wait(self._running)  # one process has died: the others are ended too
        orphans += self._count_done()
        self._pool = None
        for task in orphans:
            self._score_alone(task)

    def _score_alone(self, task: Task) -> None:
        """Score what a process may have died over with nothing beside it that would suffer."""
        for _ in range(MAX_DEATHS):
            self._submit(task)
            wait(self._running)
            if not self._count_done():
                return
            self._pool = None
        self._lose(task)

    def _count_done(self) -> list[Task]:
        """Count what has ended; returns what a process died over, or beside."""
        orphans = []
        for future in [future for future in self._running if future.done()]:
            task = self._running.pop(future)
            try:
                reply = future.result()
            except BrokenProcessPool:
                orphans.append(task)
            except InputError as error:
                self._fail(task, error)
            else:
                self._add(task, reply)
        return orphans


_batch: Batch | None = None


def _begin(scorer: Scorer, out: Path, options: ScoreOptions, workers: int, number: Any) -> None:
    global _batch
    silence_libraries()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that shares the work ends us
    with number.get_lock():
        place, number.value = number.value % workers, number.value + 1
    keep_to_share(place, workers)
    _batch = Batch(scorer, out, options)


def _score(series: ReadSeries) -> Reply:
    if _batch is None:
        raise RuntimeError("the process was not begun")
    _batch.not_written.clear()
    scored = _batch.score_one(series)
    return scored, list(_batch.not_written)
