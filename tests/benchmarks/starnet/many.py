"""Train every variant of every fold, one process each: ``python -m tests.benchmarks.starnet.many``.

Arguments: FACTS TOKENS TOKENIZER OUT JOBS [SEEDS], JOBS processes at once, one thread each. What
lies in OUT is not done again, so it goes on where it was cut off. What counts most comes first:
every fold of the claims, then what is taken away, then the next seed. After each minute in which
something was finished ``OUT/results.tar.gz`` holds all readings, and the weights of StarNet and of
the usual design.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import NamedTuple

from medical.training.malignancy.nodules import FOLDS
from tests.benchmarks.starnet.train import folder_of
from tests.benchmarks.starnet.variants import OURS, TEACHER, variants

_FIRST = (TEACHER, OURS, "concat", "image", "text")
_KEPT = (OURS, TEACHER)  # whose weights come back
_TRIES = 3
_PACK_EVERY_SECONDS = 60.0


class Job(NamedTuple):
    """One network of one fold."""

    seed: int
    fold: int
    variant: str


def jobs(seeds: int) -> list[Job]:
    """Return all jobs, what counts most first."""
    known = variants()
    rest = [name for name in known.names() if name not in _FIRST]
    return [
        Job(seed, fold, name)
        for seed in range(seeds)
        for names in (_FIRST, rest)
        for name in names
        for fold in range(FOLDS)
    ]


def ready(job: Job, out: Path) -> bool:
    """Tell whether what it starts from is there."""
    if job.variant not in variants().from_teacher:
        return True
    return (folder_of(out, job.seed, job.fold) / f"{TEACHER}.npz").exists()


def is_done(job: Job, out: Path) -> bool:
    """Tell whether its readings are there."""
    return (folder_of(out, job.seed, job.fold) / f"{job.variant}.npz").exists()


def pack(out: Path) -> None:
    """Put readings and the weights that are wanted into one file."""
    half = out / "results.half"
    with tarfile.open(half, "w:gz") as archive:
        for file in sorted(out.glob("seed*/fold*/*")):
            wanted = file.suffix == ".npz" and not file.name.endswith(".half.npz")
            if wanted or file.name in {f"{name}.pt" for name in _KEPT}:
                archive.add(file, file.relative_to(out))
    half.replace(out / "results.tar.gz")


def main(facts: str, tokens: str, tokenizer: str, out: str, at_once: str, seeds: str = "1") -> None:
    """Run all."""
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    waiting = [job for job in jobs(int(seeds)) if not is_done(job, folder)]
    running: dict[Job, subprocess.Popen[bytes]] = {}
    tries: dict[Job, int] = {}
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    packed, finished = time.monotonic(), 0
    while waiting or running:
        for job, process in list(running.items()):
            if process.poll() is None:
                continue
            del running[job]
            finished += 1
            if process.returncode and tries[job] < _TRIES:
                waiting.insert(0, job)
            print(f"{time.strftime('%H:%M:%S')} {job} ended with {process.returncode}", flush=True)
        for job in list(waiting):
            if len(running) >= int(at_once):
                break
            if not ready(job, folder):
                continue
            waiting.remove(job)
            tries[job] = tries.get(job, 0) + 1
            numbers = [str(job.seed), str(job.fold), job.variant]
            log = folder / f"{'-'.join(numbers).replace(' ', '_')}.log"
            with log.open("ab") as file:
                running[job] = subprocess.Popen(
                    [sys.executable, "-m", "tests.benchmarks.starnet.train", facts, tokens,
                     tokenizer, out, *numbers],
                    stdout=file, stderr=subprocess.STDOUT, env=environment,
                )  # fmt: skip
        if not running:
            break  # the rest waits for what failed
        if finished and time.monotonic() - packed > _PACK_EVERY_SECONDS:
            pack(folder)
            packed, finished = time.monotonic(), 0
        time.sleep(0.5)
    pack(folder)
    missing = [job for job in jobs(int(seeds)) if not is_done(job, folder)]
    print(f"{len(missing)} left undone: {missing}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
