"""One run by several processes, each with networks of its own; results are those of one process.

The inputs are sorted, named and digested here, in their order; the processes read, score and write.
Each keeps to its share of the processor's cores. On failure: a process that dies (killed, or out of
memory) takes its series with it and the others' that were begun; all are begun anew, by new
processes and one by one, so that the one that kills is told from the others. It fails when three
processes have died over it alone, and the others go on.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medical.errors import InputError
from medical.i18n.messages import message
from medical.logs import silence_libraries
from medical.results.search import gather_predictions
from medical.scoring.batches.batch import Batch, ScoreOptions
from medical.scoring.batches.read_ahead import ReadSeries
from medical.scoring.batches.tally import ScoredSeries, ScoreResult, Tally

if TYPE_CHECKING:
    from medical.scoring.scorer import Scorer

MAX_DEATHS = 3
AHEAD = 2
"""Series that wait for each process: enough that none is idle."""


@dataclass(slots=True)
class Task:
    """A series to be scored by another process, and its place in the order of the run."""

    place: int
    series: ReadSeries


def tasks_of(
    batch: Batch, tally: Tally, ended: dict[int, ScoredSeries], paths: Sequence[Path], work: Path
) -> Iterator[Task]:
    """Yield the series of a run that are to be scored; what there is else is counted on the way.

    Args:
        batch: of the run.
        tally: counts failures, and results that are there already.
        ended: gets those results by their places.
        paths: the inputs.
        work: folder for what zips unpack to.
    """
    ahead = batch.ahead(work)
    for place, step in enumerate(ahead.plan(paths)):
        tally.expected = max(ahead.expected, len(paths))
        series = step.series
        if series is not None and series.outcome is None:
            batch.take(replace(step, series=None), tally)
            yield Task(place, series)
            continue
        before = len(tally.series)
        batch.take(step, tally)  # nothing to score
        if tally.series[before:]:
            ended[place] = tally.series[-1]


def in_order(tally: Tally, ended: dict[int, ScoredSeries]) -> ScoreResult:
    """Return the result of a run, its series in the order of the inputs."""
    places = {id(scored): place for place, scored in ended.items()}
    tally.series.sort(key=lambda scored: places.get(id(scored), -1))
    return tally.result()


def lost(task: Task, deaths: int) -> InputError:
    """Say that processes die over a series."""
    problem = message("{count} workers ended while they scored it", count=deaths)
    remedy = message("Score it alone, on a machine with more memory")
    return InputError(task.series.handle.path, problem, remedy)


@dataclass(slots=True)
class ParallelBatch:
    """One run over inputs into one folder, by several processes.

    Args:
        scorer: whose model, samples and device each process takes.
        out: folder for the results; made where it is missing.
        options: of the run.
        workers: how many processes, at least 1.
    """

    scorer: Scorer
    out: Path
    options: ScoreOptions
    workers: int
    _pool: ProcessPoolExecutor | None = None
    _others: list[Any] = field(default_factory=multiprocessing.active_children)
    _running: dict[Future[Any], Task] = field(default_factory=dict)
    _ended: dict[int, ScoredSeries] = field(default_factory=dict)

    def score(self, paths: Sequence[Path]) -> ScoreResult:
        """Score every study under ``paths``.

        Raises:
            OSError: a result cannot be written.
        """
        batch = Batch(self.scorer, self.out, self.options)
        tally = batch.tally()
        with tempfile.TemporaryDirectory(prefix="starlung-", ignore_cleanup_errors=True) as work:
            try:
                for task in tasks_of(batch, tally, self._ended, paths, Path(work)):
                    while len(self._running) >= AHEAD * self.workers:
                        self._collect(tally)
                    self._submit(task)
                while self._running:
                    self._collect(tally)
            except KeyboardInterrupt:
                self._end_workers()  # whoever interrupts does not wait until theirs are scored
                raise
            finally:
                if self._pool is not None:
                    self._pool.shutdown(wait=True, cancel_futures=True)
        gather_predictions(self.out)
        return in_order(tally, self._ended)

    def _end_workers(self) -> None:
        for process in multiprocessing.active_children():
            if process not in self._others:
                process.terminate()  # a result appears whole or not at all

    def _submit(self, task: Task) -> None:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            options = without_listeners(self.options)
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

    def _collect(self, tally: Tally) -> None:
        """Wait until a series is done, and count it."""
        wait(self._running, return_when=FIRST_COMPLETED)
        if not (orphans := self._count_done(tally)):
            return
        wait(self._running)  # one process has died: the others are ended too
        orphans += self._count_done(tally)
        self._pool = None
        for task in orphans:
            self._score_alone(task, tally)

    def _score_alone(self, task: Task, tally: Tally) -> None:
        """Score what a process may have died over with nothing beside it that would suffer."""
        for _ in range(MAX_DEATHS):
            self._submit(task)
            wait(self._running)
            if not self._count_done(tally):
                return
            self._pool = None
        tally.fail(lost(task, MAX_DEATHS), task.series.handle, task.series.content)

    def _count_done(self, tally: Tally) -> list[Task]:
        """Count what has ended; returns what a process died over, or beside."""
        orphans = []
        for future in [future for future in self._running if future.done()]:
            task = self._running.pop(future)
            try:
                scored, not_written = future.result()
            except BrokenProcessPool:
                orphans.append(task)
            except InputError as error:
                tally.fail(error, task.series.handle, task.series.content)
            else:
                self._ended[task.place] = scored
                tally.add(scored, task.series.handle, task.series.content, already=False)
                tally.not_written += not_written
        return orphans


def keep_to_share(place: int, workers: int) -> None:
    """Keep this process to its share of the machine's cores.

    Args:
        place: of this process among the others, from 0.
        workers: how many there are.
    """
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[place::workers] or [cores[place % len(cores)]])


def without_listeners(options: ScoreOptions) -> ScoreOptions:
    """Return the options for another process: what listens is in this one."""
    return replace(
        options, progress=_tell_nobody, begin=_tell_nobody, watch=_tell_nobody, pseudonyms=None
    )


def _tell_nobody(*_: object) -> None:
    """Tell nobody: what listens is in another process."""


_batch: Batch | None = None


def _begin(scorer: Scorer, out: Path, options: ScoreOptions, workers: int, number: Any) -> None:
    global _batch
    silence_libraries()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that shares the work ends us
    with number.get_lock():
        place, number.value = number.value % workers, number.value + 1
    keep_to_share(place, workers)
    _batch = Batch(scorer, out, options)


def _score(series: ReadSeries) -> tuple[ScoredSeries, list[tuple[str, str]]]:
    if _batch is None:
        raise RuntimeError("the process was not begun")
    _batch.not_written.clear()
    scored = _batch.score_one(series)
    return scored, list(_batch.not_written)
