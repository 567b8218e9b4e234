"""Train all variants: ``python -m tests.benchmarks.ablations.run DATA OUT STEPS [--only a,b]``.

One on each device at a time; what is trained already is skipped. ``--pack FILE`` puts the weights
into one tar: float16, about 8 MB a variant.
"""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.ablations.variants import VARIANTS
from tests.benchmarks.each_device import Job, main_of


def make_jobs(data: str, out: Path, steps: str) -> list[Job]:
    """A training for each variant that is not another one scored otherwise."""
    train = "tests.benchmarks.ablations.train"
    return [
        Job(name, (train, data, str(out), name, steps), out / f"{name}.safetensors")
        for name, variant in VARIANTS.items()
        if variant.twin is None
    ]


if __name__ == "__main__":
    main_of("tests.benchmarks.ablations.run", make_jobs)
