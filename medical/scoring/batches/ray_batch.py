"""One run on a Ray cluster: results are those of one process.

Ray shares the work out, begins a process anew that has died, and gives its series to it again; none
of that is ours. An actor loads the networks once and scores one series after another. The cluster
is the one that ``RAY_ADDRESS`` names, whose machines see inputs and results under the same paths;
without it one is begun on this machine for the run. On failure: a series over which three processes
have died fails, and the others go on.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import RayActorError

from medical.errors import InputError
from medical.i18n.messages import message
from medical.logs import silence_libraries
from medical.scoring.batches.batch import Batch
from medical.scoring.batches.options import ScoreOptions
from medical.scoring.batches.shared import (
    MAX_DEATHS,
    SharedBatch,
    Task,
    keep_to_share,
)
from medical.scoring.batches.tally import ScoredSeries, ScoreResult
from models.runtime.machine import count_cores

if TYPE_CHECKING:
    from medical.scoring.scorer import Scorer

ADDRESS = "RAY_ADDRESS"
"""Environment variable that names the cluster; Ray's own."""
_Reply = tuple[ScoredSeries | Exception, list[tuple[str, str]]]


class ScoringActor:
    """A process of the cluster, with networks.

    Args:
        scorer: whose model, samples and device it takes.
        out: folder for the results.
        options: of the run.
        place: of this process among the others of this machine, from 0.
        workers: how many there are of this machine; 0 where that is not known.
    """

    def __init__(
        self, scorer: Scorer, out: Path, options: ScoreOptions, place: int, workers: int
    ) -> None:
        silence_libraries()
        if workers:
            keep_to_share(place, workers)
        self._batch = Batch(scorer, out, options)

    def process(self) -> int:
        """Return the number of this process."""
        return os.getpid()

    def score(self, task: Task) -> _Reply:
        """Score one series; what cannot be scored or written comes back as the error."""
        self._batch.not_written.clear()
        try:
            outcome: ScoredSeries | Exception = self._batch.score_one(task.series)
        except (InputError, OSError) as error:
            outcome = error
        return outcome, list(self._batch.not_written)


@dataclass(slots=True)
class RayBatch(SharedBatch):
    """One run over inputs into one folder, by the actors of a Ray cluster.

    Args:
        begun: told the actors of the run, once they are asked for.
    """

    begun: Callable[[Sequence[Any]], None] = lambda _: None
    _running: dict[Any, tuple[Task, Any]] = field(default_factory=dict)

    def score(self, paths: Sequence[Path]) -> ScoreResult:
        """Score every study under ``paths``, see ``SharedBatch.score``."""
        self.out = self.out.resolve()  # actors have a current folder of their own
        return SharedBatch.score(self, [path.resolve() for path in paths])

    def _work_folder(self) -> tempfile.TemporaryDirectory[str]:
        # beside the results, where all machines see it
        return tempfile.TemporaryDirectory(
            prefix=".starlung-", dir=self.out, ignore_cleanup_errors=True
        )

    def _share(self, tasks: Iterator[Task]) -> None:
        with _cluster(self.workers) as is_local:
            free = self._actors(is_local=is_local)
            self.begun(list(free))
            for task in tasks:
                if not free:
                    free.append(self._collect())
                actor = free.pop()
                self._running[actor.score.remote(task)] = task, actor
            while self._running:
                self._collect()

    def _actors(self, *, is_local: bool) -> list[Any]:
        cores = max(1, int(ray.cluster_resources().get("CPU", 1)) // self.workers)
        retried = {"max_restarts": -1, "max_task_retries": MAX_DEATHS - 1}
        actor = ray.remote(num_cpus=cores, **retried)(ScoringActor)
        options = self.options.without_listeners()
        beside = self.workers if is_local else 0
        return [
            actor.remote(self.scorer, self.out, options, place, beside)
            for place in range(self.workers)
        ]

    def _collect(self) -> Any:
        """Wait until a series is done, and count it; returns the actor that is free by that.

        Raises:
            OSError: its result cannot be written.
        """
        (done,), _ = ray.wait(list(self._running))
        task, actor = self._running.pop(done)
        try:
            outcome, not_written = ray.get(done)
        except RayActorError:
            self._lose(task)
            return actor
        if isinstance(outcome, InputError):
            self._fail(task, outcome)
        elif isinstance(outcome, OSError):
            raise outcome
        else:
            self._add(task, (outcome, not_written))
        return actor


@contextmanager
def _cluster(workers: int) -> Iterator[bool]:
    """Join the cluster that is named, or begin one here; yields whether it was begun here.

    Raises:
        InputError: it does not answer.
    """
    address = os.environ.get(ADDRESS)
    quiet: dict[str, Any] = {
        "configure_logging": False,
        "log_to_driver": False,
        "logging_level": logging.ERROR,
    }
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would report what it runs
    try:
        if address:
            ray.init(**quiet)
        else:
            cores = max(workers, count_cores())
            ray.init(address="local", num_cpus=cores, include_dashboard=False, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise InputError(
            address or "Ray",
            message("the Ray cluster does not answer ({kind})", kind=type(error).__name__),
            message("Start it with `ray start`, or leave {name} out", name=ADDRESS),
        ) from error
    try:
        yield not address
    finally:
        ray.shutdown()
