"""Train all variants: ``python -m tests.benchmarks.ablations.run DATA OUT STEPS [--only a,b]``.

One on each device at a time, all of the first seed first; what is trained already is skipped.
``--pack FILE`` puts the weights into one tar: float16, about 8 MB each.
"""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.ablations.train import SEEDS
from tests.benchmarks.ablations.variants import VARIANTS
from tests.benchmarks.shared.each_device import Job, main_of


def make_jobs(data: str, out: Path, steps: str) -> list[Job]:
    """Trainings of each variant that is not another one scored otherwise."""
    train = "tests.benchmarks.ablations.train"
    return [
        Job(
            f"{name}-{seed}",
            (train, data, str(out), name, steps, str(seed)),
            out / f"{name}-{seed}.safetensors",
        )
        for seed in SEEDS
        for name, variant in VARIANTS.items()
        if variant.twin is None
    ]


if __name__ == "__main__":
    main_of("tests.benchmarks.ablations.run", make_jobs)
