"""The CTs of a run one after another, the next being read and prepared while this one is scored.

One CT is read ahead, no more: memory holds two. Preparing needs no network, so it is done here too:
what a network runs on then need not wait for it, and the first CT's is done while networks load.
What is found wrong on the way to a CT is handed over with it, so that everything is told in the
order in which it would be without reading ahead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from medical.ct.volume import CtVolume
from medical.detection.findings import SeriesFindings
from medical.errors import InputError
from medical.files import Content
from medical.intake import NotChosen, open_input
from medical.io.series_handle import SeriesHandle
from medical.scoring.batches.naming import ResultNames, with_note_of_name

if TYPE_CHECKING:
    from medical.ct.prepare import Prepared

_SECONDS_BETWEEN_REPORTS = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class ReadSeries:
    """A series, read.

    Args:
        handle: under the name that its result gets.
        content: digests of its files.
        outcome: the CT, or the result that there is already; ``None`` where it is to be read.
        seconds: what reading took.
        prepared: the CT on its 1 mm grid, where it was read and shows lungs.
        prepare_seconds: what that took.
    """

    handle: SeriesHandle
    content: Content
    outcome: CtVolume | SeriesFindings | None
    seconds: float = 0.0
    prepared: Prepared | None = None
    prepare_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be read.

    Args:
        error: why.
        handle: of the series, where it got so far.
        content: digests of its files, likewise.
    """

    error: InputError
    handle: SeriesHandle | None = None
    content: Content | None = None


@dataclass(slots=True)
class Step:
    """What happened up to the next series: what failed, what was passed over, and the series.

    The last step of a run may have none. ``unread`` are files as of ``medical.intake.Intake``.
    """

    failures: list[Failure] = field(default_factory=list)
    unread: list[Path] = field(default_factory=list)
    not_chosen: list[NotChosen] = field(default_factory=list)
    series: ReadSeries | None = None


class _StoppedError(Exception):
    """The run has ended: whatever is being read is of no use."""


class ReadAhead:
    """Reads the series of a run's inputs, one ahead.

    Args:
        names: of the run's results.
        work: folder for what zips unpack to.
        keep_names: as of ``medical.intake.open_input``.
        limit_seconds: likewise.
        earlier: the result of a named series that need not be scored anew; asked just before it
            would be read.
    """

    def __init__(
        self,
        names: ResultNames,
        work: Path,
        *,
        keep_names: bool,
        limit_seconds: float,
        earlier: Callable[[SeriesHandle, Content], SeriesFindings | None],
    ) -> None:
        self._names, self._work = names, work
        self._keep_names, self._limit_seconds, self._earlier = keep_names, limit_seconds, earlier
        self.expected = 0
        self._share = 0.0
        self._reading, self._stopped = threading.Event(), threading.Event()

    def steps(
        self,
        paths: Sequence[Path],
        *,
        meanwhile: Callable[[], None],
        report: Callable[[float], None],
    ) -> Generator[Step, None, None]:
        """Yield the steps of a run.

        Args:
            paths: the inputs.
            meanwhile: called once, in this thread, while the first series is being read.
            report: told, in this thread, the share read of the series that is waited for.
        """
        steps = self._read(paths)
        with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as pool:
            try:
                waiting, idle = pool.submit(next, steps, None), True
                while True:
                    while not _is_done(waiting):
                        if self._reading.is_set():
                            report(self._share)
                            if idle:
                                meanwhile()
                                idle = False
                    step = waiting.result()
                    if step is None:
                        return
                    waiting = pool.submit(next, steps, None)
                    yield step
            finally:
                self._stopped.set()

    def plan(self, paths: Sequence[Path]) -> Iterator[Step]:
        """Yield the steps of a run without reading a CT: others will."""
        return self._read(paths, load=False)

    def _read(self, paths: Sequence[Path], *, load: bool = True) -> Iterator[Step]:
        step = Step()
        for number, path in enumerate(paths):
            try:
                intake = open_input(
                    path,
                    work_dir=self._work / str(number),
                    keep_names=self._keep_names,
                    limit_seconds=self._limit_seconds,
                )
            except InputError as error:
                step.failures.append(Failure(error))
                continue
            step.failures += map(Failure, intake.errors)
            step.unread += intake.unread
            step.not_chosen += intake.not_chosen
            self.expected += len(intake.chosen)
            for handle in intake.chosen:
                step.series = self._series(path, handle, step, load=load)
                if step.series is not None:
                    yield step
                    step = Step()
        yield step

    def _series(
        self, path: Path, handle: SeriesHandle, step: Step, *, load: bool
    ) -> ReadSeries | None:
        """Read one series, unless this run has scored the very same files, or it cannot be."""
        try:
            content = handle.content()
        except InputError as error:
            step.failures.append(Failure(error, handle))
            return None
        if same := self._names.already_given(handle, content):
            reason = f"the same files as {same}, scored once"
            step.not_chosen.append((f"{path.name}: {handle.base_name}", reason))
            return None
        named = handle.named(self._names.name_of(handle, content))
        if (earlier := self._earlier(named, content)) is not None:
            return ReadSeries(named, content, earlier)
        if not load:
            return ReadSeries(named, content, None)
        self._share = 0.0
        self._reading.set()
        started = time.perf_counter()
        try:
            ct = with_note_of_name(named.load(progress=self._tell), named)
            read = time.perf_counter()
            prepared = self._prepare(ct)
        except InputError as error:
            step.failures.append(Failure(error, named, content))
            return None
        finally:
            self._reading.clear()
        prepare_seconds = time.perf_counter() - read
        return ReadSeries(named, content, ct, read - started, prepared, prepare_seconds)

    def _prepare(self, ct: CtVolume) -> Prepared | None:
        """Prepare a CT; whoever scores one without lungs finds that out, and says it, in turn."""
        from medical.ct.prepare import NoLungError, prepare  # scipy: not before the first CT

        if self._stopped.is_set():
            raise _StoppedError
        try:
            return prepare(ct, with_sides=True)
        except NoLungError:
            return None

    def _tell(self, share: float) -> None:
        if self._stopped.is_set():
            raise _StoppedError
        self._share = share


def _is_done(waiting: Future[Step | None]) -> bool:
    return bool(wait([waiting], timeout=_SECONDS_BETWEEN_REPORTS).done)
