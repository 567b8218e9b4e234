"""The program's own log as plain lines: what a run tells people while it goes on.

Modules log by ``logging.getLogger(__name__)``; nothing is shown until a command, or a training
process, says where by ``own_log``. Patients' names never stand in a message.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

PACKAGES = ("app", "medical", "models")


class LineHandler(logging.Handler):
    """Write each record as one line to standard error, whatever line breaks are in it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        self.write(" ".join(self.format(record).split()), record)

    def write(self, line: str, record: logging.LogRecord) -> None:
        """Write a record's line; other handlers show it otherwise."""
        del record
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


@contextmanager
def own_log(handler: logging.Handler) -> Iterator[None]:
    """Hand the packages' own records, from INFO on, to a handler for a while."""
    loggers = [logging.getLogger(name) for name in PACKAGES]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
