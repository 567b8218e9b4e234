"""The loss that compressed gradients cost, on any Linux machine: the middle table of ``traffic``.

Run as ``python -m tests.benchmarks.traffic.loss OUT``. Three seeds of each strategy, two nodes of
two ranks each, one thread a rank, several runs at once; nodes are groups of processes of one
machine, and bytes are those handed to the exchange (dense: those of a ring over four ranks),
without frames. A run that was cut off goes on from its snapshot when the command is given again
with the same OUT; runs that ended are not repeated. ``OUT/traffic_loss.json`` holds every loss so
far, and the keys once all runs have ended.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

from models.runtime.machine import count_cores
from tests.benchmarks.traffic.__main__ import SEEDS, final_loss, loss_jobs, loss_table
from tests.benchmarks.traffic.bank import write_bank
from tests.benchmarks.traffic.ranks import PORT, run_ranks
from tests.benchmarks.traffic.worker import Job, Outcome

PER_NODE, NODES = 2, 2
SNAPSHOTS = 5  # a run: little is taken again after a cut


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The command's options."""
    cores = count_cores()
    at_once = len(loss_jobs()) if cores >= 16 else max(1, cores // (NODES * PER_NODE))
    options = argparse.ArgumentParser(prog="traffic_loss")
    options.add_argument("out", type=Path)
    options.add_argument("--steps", type=int, default=1200, help="of each run")
    options.add_argument("--at-once", type=int, default=at_once, help="runs beside each other")
    options.add_argument("--patches", type=int, default=256, help="in the bank, a multiple of 32")
    return options.parse_args(arguments)


def read(folder: Path) -> Outcome | None:
    """The outcome of a run that has ended."""
    path = folder / "results.json"
    if not path.exists():
        return None
    (record,) = json.loads(path.read_text())
    return Outcome(**{**record, "job": Job(**record["job"])})


def carry_out(numbered: tuple[int, Job], *, out: Path) -> Outcome:
    """One run, unless it has ended before."""
    number, job = numbered
    folder = out / f"run{number}"
    folder.mkdir(exist_ok=True)
    if (before := read(folder)) is not None and before.job == job:
        return before
    if not (folder / "bank.pt").is_symlink():
        (folder / "bank.pt").symlink_to((out / "bank.pt").resolve())
    (folder / "jobs.json").write_text(json.dumps([asdict(job)]))
    worker = ["tests.benchmarks.traffic.worker", str(folder)]
    run_ranks(None, worker, folder=folder, per_node=PER_NODE, nodes=NODES, port=PORT + number)
    outcome = read(folder)
    assert outcome is not None  # the ranks ended well
    text = f"{job.name}, seed {job.seed}: loss {final_loss(outcome):.4f}\n"
    sys.stderr.write(text)
    return outcome


def write(path: Path, outcomes: Sequence[Outcome], result: dict[str, object] | None) -> None:
    """Keep what is known so far."""
    runs = [
        {**asdict(outcome.job), "final_loss": final_loss(outcome), "loss": outcome.loss}
        for outcome in outcomes
    ]
    path.write_text(json.dumps({"result": result, "runs": runs}))


def main() -> None:
    """Train all, print, write."""
    given = parse(sys.argv[1:])
    out: Path = given.out
    out.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    if not (out / "bank.pt").exists():
        write_bank(out / "partial.pt", patches=given.patches)
        (out / "partial.pt").replace(out / "bank.pt")
    sys.stderr.write(f"patches are there after {time.monotonic() - started:.0f} s\n")
    jobs = loss_jobs(given.steps, lose_at_most=max(3, 3 * given.steps // SNAPSHOTS))
    outcomes = []
    with ThreadPoolExecutor(given.at_once) as pool:
        for item in pool.map(partial(carry_out, out=out), enumerate(jobs)):
            outcomes.append(item)
            write(out / "traffic_loss.json", outcomes, None)
    result = loss_table(outcomes)
    result |= {"seeds": len(SEEDS), "steps": given.steps, "ranks": NODES * PER_NODE}
    write(out / "traffic_loss.json", outcomes, result)
    print("RESULT", json.dumps(result))


if __name__ == "__main__":
    main()
