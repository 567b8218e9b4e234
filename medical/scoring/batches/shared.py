"""What runs by several processes have in common: the inputs in order, what ended, what was lost.

The inputs are sorted, named and digested here, in their order; other processes read, score and
write. Results are those of one process.
"""

from __future__ import annotations

import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from medical.errors import InputError
from medical.i18n.messages import message
from medical.results.search import gather_predictions
from medical.scoring.batches.batch import Batch
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.batches.read_ahead import ReadSeries
from medical.scoring.batches.tally import ScoredSeries, ScoreResult, Tally

if TYPE_CHECKING:
    from medical.scoring.scorer import Scorer

MAX_DEATHS = 3
Reply = tuple[ScoredSeries, list[tuple[str, str]]]
"""A series' result, and what of its forms was not written."""


@dataclass(slots=True)
class Task:
    """A series to be scored by another process, and its place in the order of the run."""

    place: int
    series: ReadSeries


@dataclass(slots=True)
class SharedBatch(ABC):
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
    _batch: Batch = field(init=False)
    _tally: Tally = field(init=False)
    _ended: dict[int, ScoredSeries] = field(init=False, default_factory=dict)

    def score(self, paths: Sequence[Path]) -> ScoreResult:
        """Score every study under ``paths``.

        Raises:
            InputError: the processes cannot be had.
            OSError: a result cannot be written.
        """
        self._batch = Batch(self.scorer, self.out, self.options)
        self._tally = self._batch.tally()
        with self._work_folder() as work:
            self._share(self._tasks(paths, Path(work)))
        gather_predictions(self.out)
        places = {id(scored): place for place, scored in self._ended.items()}
        self._tally.series.sort(key=lambda scored: places.get(id(scored), -1))
        return self._tally.result()

    @abstractmethod
    def _share(self, tasks: Iterator[Task]) -> None:
        """Have each task done, and count how it ended."""

    def _work_folder(self) -> tempfile.TemporaryDirectory[str]:
        """Make the folder for what zips unpack to, where every process sees it."""
        return tempfile.TemporaryDirectory(prefix="starlung-", ignore_cleanup_errors=True)

    def _tasks(self, paths: Sequence[Path], work: Path) -> Iterator[Task]:
        """Yield the series that are to be scored; what there is else is counted on the way."""
        ahead = self._batch.ahead(work)
        for place, step in enumerate(ahead.plan(paths)):
            self._tally.expected = max(ahead.expected, len(paths))
            series = step.series
            if series is not None and series.outcome is None:
                self._batch.take(replace(step, series=None), self._tally)
                yield Task(place, series)
                continue
            before = len(self._tally.series)
            self._batch.take(step, self._tally)  # nothing to score
            if self._tally.series[before:]:
                self._ended[place] = self._tally.series[-1]

    def _add(self, task: Task, reply: Reply) -> None:
        """Count a result."""
        scored, not_written = reply
        self._ended[task.place] = scored
        self._tally.add(scored, task.series.handle, task.series.content, already=False)
        self._tally.not_written += not_written

    def _fail(self, task: Task, error: InputError) -> None:
        """Count what could not be scored."""
        self._batch.fail(error, task.series.handle, task.series.content, self._tally)

    def _lose(self, task: Task) -> None:
        """Count a series over which processes died."""
        problem = message("{count} workers ended while they scored it", count=MAX_DEATHS)
        remedy = message("Score it alone, on a machine with more memory")
        self._fail(task, InputError(task.series.handle.path, problem, remedy))


def keep_to_share(place: int, workers: int) -> None:
    """Keep this process to its share of the machine's cores.

    Args:
        place: of this process among the others, from 0.
        workers: how many there are.
    """
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[place::workers] or [cores[place % len(cores)]])
