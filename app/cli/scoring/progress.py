"""Where a scoring run stands: a line that renews itself on a terminal, else a line a series."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.cli.common import print_line
from app.cli.scoring.table import show_series

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from medical.scoring.batches.tally import SeriesEnd

_STAGES = {
    "read": "reading the images",
    "prepare": "finding the lungs",
    "detect": "looking for nodules",
    "refine": "judging the candidates",
    "measure": "measuring",
    "explain": "drawing attention maps",
    "write": "writing results",
}
_BAR = 16
_NAME = 20


class RunProgress:
    """What is told of a run while it goes on.

    Args:
        bar: of standard error.
        console: that the bar is on.
        quiet: say nothing but what fails.
        verbose: say of each series what ran the networks, and how long each stage took.
    """

    def __init__(self, bar: Progress, console: Console, *, quiet: bool, verbose: bool) -> None:
        self._bar, self._on_terminal, self._quiet = bar, console.is_terminal, quiet
        self._verbose, self._begun = verbose, time.monotonic()
        self._task = bar.add_task("", total=1.0, study="", count="", left="")
        self.done = self.failed = self.expected = 0

    def begin(self, name: str) -> None:
        """Show which series is read now, the end of a long name."""
        short = name if len(name) <= _NAME else f"…{name[-_NAME + 1 :]}"
        self._bar.update(self._task, study=short, completed=0.0, description="reading the images")

    def move(self, stage: str, share: float) -> None:
        """Show what is done with it."""
        self._bar.update(self._task, description=_STAGES.get(stage, stage), completed=share)

    def end(self, series: SeriesEnd) -> None:
        """Print what became of a series, and count."""
        self.done, self.failed, self.expected = series.done, series.failed, series.expected
        if self._quiet:
            return
        if self._on_terminal:
            self._bar.stop()  # a result is printed above the line that renews itself
            self._show(series)
            count, left = self._standing()
            self._bar.update(self._task, count=count, left=left)
            self._bar.start()
            return
        self._show(series)
        if max(self.expected, self.done + self.failed) > 1:
            print_line(f"{series.sentence} ({', '.join(self._standing())})")

    def _show(self, series: SeriesEnd) -> None:
        if series.scored is not None:
            show_series(series.scored, already=series.already, verbose=self._verbose)

    def _standing(self) -> tuple[str, str]:
        ended = self.done + self.failed
        seconds = (time.monotonic() - self._begun) / max(1, ended)
        rate = f"{60 / max(seconds, 1e-3):.1f} a minute"
        minutes = max(0, self.expected - ended) * seconds / 60
        count = f"{ended} of {max(self.expected, ended)} done, {self.failed} failed"
        return count, f"{rate}, {minutes:.0f} min left"


@contextmanager
def run_progress(*, quiet: bool, verbose: bool) -> Iterator[RunProgress]:
    """Show a run's progress on standard error, in at most 80 columns, until it ends.

    Args:
        quiet: say nothing but what fails.
        verbose: say of each series what ran the networks, and how long each stage took.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    line = (
        TextColumn("{task.fields[study]}", markup=False),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=_BAR),
        TextColumn("{task.fields[count]}\n{task.fields[left]}", markup=False),
    )
    with Progress(
        *line, console=console, transient=True, disable=quiet or not console.is_terminal
    ) as bar:
        yield RunProgress(bar, console, quiet=quiet, verbose=verbose)
