"""Train all folds: ``python -m tests.benchmarks.leave_out.run DATA OUT SECONDS [--only a,b]``.

One on each device at a time; what is trained already is skipped. Then ``leave_out.read`` for each
fold and for ``shipped``.
"""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.leave_out.folds import FOLDS
from tests.benchmarks.shared.each_device import Job, main_of


def make_jobs(data: str, out: Path, seconds: str) -> list[Job]:
    """A training for each fold."""
    train = "tests.benchmarks.leave_out.train"
    return [
        Job(fold, (train, data, str(out), fold, seconds), out / f"{fold}.safetensors")
        for fold in FOLDS
    ]


if __name__ == "__main__":
    main_of("tests.benchmarks.leave_out.run", make_jobs)
