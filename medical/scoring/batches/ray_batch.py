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
from medical.results.search import gather_predictions
from medical.scoring.batches.batch import Batch, ScoreOptions
from medical.scoring.batches.parallel import (
    MAX_DEATHS,
    Task,
    in_order,
    keep_to_share,
    lost,
    tasks_of,
    without_listeners,
)
from medical.scoring.batches.tally import ScoredSeries, ScoreResult, Tally

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
class RayBatch:
    """One run over inputs into one folder, by the actors of a Ray cluster.

    Args:
        scorer: whose model, samples and device each actor takes.
        out: folder for the results; made where it is missing.
        options: of the run.
        workers: how many actors, at least 1.
        begun: told the actors of the run, once they are asked for.
    """

    scorer: Scorer
    out: Path
    options: ScoreOptions
    workers: int
    begun: Callable[[Sequence[Any]], None] = lambda _: None
    _running: dict[Any, tuple[Task, Any]] = field(default_factory=dict)
    _ended: dict[int, ScoredSeries] = field(default_factory=dict)

    def score(self, paths: Sequence[Path]) -> ScoreResult:
        """Score every study under ``paths``.

        Raises:
            InputError: the cluster does not answer.
            OSError: a result cannot be written.
        """
        out = self.out.resolve()
        batch = Batch(self.scorer, out, self.options)
        tally = batch.tally()
        # what zips unpack to lies beside the results, where all machines see it
        beside = tempfile.TemporaryDirectory(
            prefix=".starlung-", dir=out, ignore_cleanup_errors=True
        )
        with _cluster(self.workers) as is_local, beside as work:
            free = self._actors(out, is_local=is_local)
            self.begun(list(free))
            resolved = [path.resolve() for path in paths]
            for task in tasks_of(batch, tally, self._ended, resolved, Path(work)):
                if not free:
                    free.append(self._collect(tally))
                actor = free.pop()
                self._running[actor.score.remote(task)] = task, actor
            while self._running:
                self._collect(tally)
        gather_predictions(out)
        return in_order(tally, self._ended)

    def _actors(self, out: Path, *, is_local: bool) -> list[Any]:
        cores = max(1, int(ray.cluster_resources().get("CPU", 1)) // self.workers)
        retried = {"max_restarts": -1, "max_task_retries": MAX_DEATHS - 1}
        actor = ray.remote(num_cpus=cores, **retried)(ScoringActor)
        options = without_listeners(self.options)
        beside = self.workers if is_local else 0
        return [
            actor.remote(self.scorer, out, options, place, beside) for place in range(self.workers)
        ]

    def _collect(self, tally: Tally) -> Any:
        """Wait until a series is done, and count it; returns the actor that is free by that.

        Raises:
            OSError: its result cannot be written.
        """
        (done,), _ = ray.wait(list(self._running))
        task, actor = self._running.pop(done)
        handle, content = task.series.handle, task.series.content
        try:
            outcome, not_written = ray.get(done)
        except RayActorError:
            tally.fail(lost(task, MAX_DEATHS), handle, content)
            return actor
        tally.not_written += not_written
        if isinstance(outcome, InputError):
            tally.fail(outcome, handle, content)
        elif isinstance(outcome, OSError):
            raise outcome
        else:
            self._ended[task.place] = outcome
            tally.add(outcome, handle, content, already=False)
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
            cores = max(workers, os.cpu_count() or 1)
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
