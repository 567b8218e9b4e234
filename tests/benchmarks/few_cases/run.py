"""Train all arms: ``python -m tests.benchmarks.few_cases.run DATA OUT STEPS [--only a,b]``.

One on each device at a time, all of the first seed first; what is trained already is skipped.
``--pack FILE`` puts the weights into one tar: float16, about 8 MB an arm.
"""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.few_cases.plan import ARMS
from tests.benchmarks.shared.each_device import Job, main_of


def make_jobs(data: str, out: Path, steps: str) -> list[Job]:
    """A training for each arm."""
    train = "tests.benchmarks.few_cases.train"
    return [
        Job(
            arm.name,
            (train, data, str(out), str(arm.count), arm.way, steps, str(arm.seed)),
            out / f"{arm.name}.safetensors",
        )
        for arm in ARMS
    ]


if __name__ == "__main__":
    main_of("tests.benchmarks.few_cases.run", make_jobs)
