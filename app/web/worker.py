"""The scoring process: ``python -m app.web.worker REQUEST``, reporting JSON lines to its parent.

It ends when its standard input closes, so that it never outlives the server.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any, TextIO

from app.settings import settings
from app.web.images import prepare_images
from medical.errors import InputError


def sentence(error: InputError) -> str:
    """The error in one line, naming the file but not the server's folders."""
    return f"{error.path.name}: {error.problem}. {error.remedy}."


class Report:
    """Writes lines to the parent."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def stage(self, stage: str, fraction: float) -> None:
        """Say which stage runs and how far it is, 0 to 1."""
        self._send(stage=stage, fraction=fraction)

    def end(self, *, series: int, errors: list[str], failure: str) -> None:
        """Say how many series were scored and what could not be."""
        self._send(series=series, errors=errors, failure=failure)

    def _send(self, **message: Any) -> None:
        self._stream.write(json.dumps(message) + "\n")
        self._stream.flush()


def score(request: dict[str, Any], report: Report) -> None:
    """Score one input and prepare its images for the viewer."""
    from medical.scoring.score import score_path

    source, folder = Path(request["source"]), Path(request["folder"])
    result = score_path(
        source,
        out=folder / "result",
        model=request["model"],
        passes=request["passes"],
        progress=report.stage,
        imported=settings().work_dir / "models",
    )
    report.stage("view", 0.0)
    prepare_images(source, [series.folder for series in result.series])
    errors = [sentence(error) for error in result.errors]
    report.end(series=len(result.series), errors=errors, failure="nothing_scored")


def main() -> int:
    """Run one request; exit status 0 when the parent has been told the end."""
    stream = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints goes to the log, not into the report
    report = Report(stream)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        score(json.loads(sys.argv[1]), report)
    except InputError as error:
        report.end(series=0, errors=[sentence(error)], failure="nothing_scored")
    except Exception:  # the reader gets a sentence, the log the rest
        logging.getLogger(__name__).exception("scoring failed")
        report.end(series=0, errors=[], failure="worker_failed")
    return 0


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    raise SystemExit(main())
