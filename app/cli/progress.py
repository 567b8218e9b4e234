"""Where a command's log goes: the one place that shows it.

A long run shows where it stands in one line that renews itself, or in plain lines in a file.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from medical.logs import LineHandler, own_log

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

_RENEWS = "renews"  # see models.training.log


@contextmanager
def log_lines(*, renewing: bool = True) -> Iterator[None]:
    """Show the program's own log on standard error.

    On a terminal the line that says how many steps were taken stays at the bottom and renews
    itself; whatever else is logged scrolls above it and takes it away. Elsewhere every record is a
    line.

    Args:
        renewing: whether steps renew a line on a terminal.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not (renewing and console.is_terminal):
        with own_log(LineHandler()):
            yield
        return
    with console.status("") as status, own_log(_TerminalHandler(console, status)):
        yield


class _TerminalHandler(LineHandler):
    def __init__(self, console: Console, status: Status) -> None:
        super().__init__()
        self.console, self.status = console, status

    def write(self, line: str, record: logging.LogRecord) -> None:
        """Renew the status, or print above it."""
        from rich.text import Text

        if getattr(record, _RENEWS, False):
            self.status.update(Text(line))
        else:
            self.status.update(Text(" "))  # rich takes an empty text for no change
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)
