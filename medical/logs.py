"""The program's own log as plain lines, and what libraries say of a file kept out of it.

Modules log by ``logging.getLogger(__name__)``; nothing is shown until a command, or a training
process, says where by ``own_log``. Patients' names, numbers and dates stand in headers; a warning
of a library, or the message of an exception that it raises, may quote the header that it stumbled
over. Our own sentences never do, and are kept.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

PACKAGES = ("app", "medical", "models")
_OURS = ("app", "medical", "models", "__main__", "alembic", "uvicorn", "streamlit")


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


class JsonHandler(LineHandler):
    """Write each record as one JSON object a line: time (UTC), level, module, message."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        moment = datetime.fromtimestamp(record.created, UTC)
        entry = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "module": record.name,
            "message": " ".join(self.format(record).split()),
        }
        self.write(json.dumps(entry, ensure_ascii=False), record)


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


def silence_libraries() -> None:
    """Show no library's warning, and of its log only that it spoke; for a whole process."""
    warnings.simplefilter("ignore")
    logging.captureWarnings(capture=False)
    former = logging.getLogRecordFactory()
    if getattr(former, "withholds", False):
        return

    def record(*arguments: object, **named: object) -> logging.LogRecord:
        made = former(*arguments, **named)
        if made.name.partition(".")[0] not in _OURS:
            made.msg, made.args = f"{made.name} had a remark, withheld: it may quote a header", ()
            made.exc_info = made.exc_text = None
        elif made.exc_info and made.exc_info[1] is not None:
            made.msg, made.args = f"{made.getMessage()}: {traceless(made.exc_info[1])}", ()
            made.exc_info = made.exc_text = None
        return made

    record.withholds = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(record)


def traceless(error: BaseException) -> str:
    """Where an exception came from and of which type, without its text."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " > ".join(
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames
    )
    return f"{type(error).__name__} at {places or 'no known place'}"
