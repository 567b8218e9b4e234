"""The program's own log as a test reads it, in this process or in one of several ranks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from medical.logs import LineHandler, own_log
from models.training.ranks import FirstRankOnly


class _Lines(LineHandler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.addFilter(FirstRankOnly())

    def write(self, line: str, record: logging.LogRecord) -> None:
        self.lines.append(line)


@contextmanager
def logged() -> Iterator[list[str]]:
    """The lines logged meanwhile, as a training process shows them: rank 0's alone."""
    handler = _Lines()
    with own_log(handler):
        yield handler.lines
