"""Keep what libraries say of a file out of logs: it may quote the header that it stumbled over.

Patients' names, numbers and dates stand in headers; a warning of a library, or the message of an
exception that it raises, may hold them. Our own sentences never do, and are kept.
"""

from __future__ import annotations

import logging
import traceback
import warnings
from pathlib import Path

_OURS = ("app", "medical", "models", "__main__", "alembic", "uvicorn", "streamlit")


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
    places = " > ".join(f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in frames)
    return f"{type(error).__name__} at {places or 'no known place'}"
