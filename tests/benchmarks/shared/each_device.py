"""Train many networks, one a device at a time: what the benchmarks' ``run`` modules share.

A job whose result is there is skipped, so a run that was cut short is called again; the training
loop goes on from its own checkpoints. A job that fails leaves its log beside its result, the others
go on.
"""

from __future__ import annotations

import argparse
import os
import queue
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch

note = partial(print, file=sys.stderr, flush=True)


class Job(NamedTuple):
    """A module to run, with its arguments, and the file that it writes as its last act."""

    name: str
    arguments: tuple[str, ...]
    result: Path


def devices_found() -> list[str]:
    """What CUDA_VISIBLE_DEVICES shall be, one after another; without a device ``""``, the CPU."""
    count = torch.cuda.device_count()
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [str(number) for number in range(count)] if named is None else named.split(",")
    return names[:count] or [""]


def run_jobs(jobs: Iterable[Job], *, devices: list[str]) -> dict[str, str]:
    """Run what has no result yet, each in a process of its own.

    Args:
        jobs: in the order in which they begin.
        devices: as ``devices_found`` says.

    Returns:
        The jobs that failed, with the last line of their log.
    """
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    for job in jobs:
        if job.result.exists():
            note(f"{job.name}: is there already")
        else:
            waiting.put(job)
    failed: dict[str, str] = {}

    def work(device: str) -> None:
        while not waiting.empty():
            try:
                job = waiting.get_nowait()
            except queue.Empty:  # another device took it
                return
            note(f"{job.name}: begins on {f'device {device}' if device else 'the CPU'}")
            if (why := _run(job, device)) is not None:
                failed[job.name] = why
            note(f"{job.name}: {'done' if why is None else f'failed, {why}'}")

    with ThreadPoolExecutor(len(devices)) as pool:
        list(pool.map(work, devices))
    return failed


def _run(job: Job, device: str) -> str | None:
    """Run one; why it failed, ``None`` if it did not."""
    job.result.parent.mkdir(parents=True, exist_ok=True)
    log = job.result.with_suffix(".log")
    with log.open("w", encoding="utf-8") as file:
        code = subprocess.run(
            [sys.executable, "-m", *job.arguments],
            env={**os.environ, "CUDA_VISIBLE_DEVICES": device},
            stdout=file,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    if code == 0 and job.result.exists():
        return None
    lines = log.read_text("utf-8").split("\n")
    return next((line for line in reversed(lines) if line.strip()), f"exit code {code}")


def pack(files: Iterable[Path], into: Path) -> int:
    """Put the files that exist into one tar, uncompressed: weights hardly shrink; its bytes."""
    with tarfile.open(into, "w") as tar:
        for file in files:
            if file.exists():
                tar.add(file, file.name)
    return into.stat().st_size


def main_of(module: str, make_jobs: Callable[[str, Path, str], list[Job]]) -> None:
    """The command line of a ``run`` module: ``DATA OUT STEPS [--only a,b] [--pack FILE]``.

    Args:
        module: its name, for the help.
        make_jobs: all jobs, of data, output and steps.
    """
    parser = argparse.ArgumentParser(f"python -m {module}", description=__doc__)
    parser.add_argument("data", help="what tests.benchmarks.shared.cases wrote")
    parser.add_argument("out", type=Path, help="folder of weights, logs and checkpoints")
    parser.add_argument("steps", help="of each training")
    parser.add_argument("--only", help="names, separated by commas; all without it")
    parser.add_argument("--pack", type=Path, help="a tar to put these weights into at the end")
    given = parser.parse_args()
    jobs = {job.name: job for job in make_jobs(given.data, given.out, given.steps)}
    wanted = given.only.split(",") if given.only else list(jobs)
    if unknown := [name for name in wanted if name not in jobs]:
        parser.error(f"no such name: {', '.join(unknown)}; there are: {', '.join(jobs)}")
    chosen = [jobs[name] for name in wanted]
    failed = run_jobs(chosen, devices=devices_found())
    if given.pack:
        size = pack((job.result for job in chosen), given.pack)
        note(f"{given.pack}: {size / 2**20:.1f} MiB")
    raise SystemExit(1 if failed else 0)
