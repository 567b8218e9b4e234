"""``python -m tests.fuzz.run --inputs 20000``: watch readers, and say what they should not do.

A process that dies over an input, takes more than ten seconds for it or more than 2 GiB is as much
a problem as an exception that is no ``InputError``. It is begun anew after the input.
"""

from __future__ import annotations

import argparse
import json
import pickle
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from medical.intake import open_input
from medical.training.cases.sources.lesion import Planes
from tests.fuzz.reading import RESIDENT_BYTES
from tests.fuzz.seeds import make_seeds

HANG_SECONDS = 10.0


@dataclass(slots=True)
class Outcome:
    """What a run gave: problems, and how many inputs of each kind were read."""

    problems: list[str] = field(default_factory=list)
    inputs: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    resident: int = 0


def run(top: Path, *, inputs: int, first: int = 0, processes: int = 1) -> Outcome:
    """Read ``inputs`` damaged files.

    Args:
        top: empty folder for seeds, inputs and logs.
        inputs: how many.
        first: number of the first; the same number is the same input.
        processes: side by side.
    """
    seeds = make_seeds(top / "seeds")
    ct = open_input(top / "seeds" / "lesions" / "ct", work_dir=top / "work")
    pickled = top / "seeds.pickle"
    pickled.write_bytes(pickle.dumps((seeds, Planes.of(ct.chosen))))
    last, begun = first + inputs, []
    for place in range(processes):
        out = top / f"process-{place}"
        out.mkdir()
        begun.append((out, _begin(out, pickled, first + place, processes, last)))
    outcome = Outcome()
    while begun:
        time.sleep(0.2)
        for place, (out, process) in enumerate(list(begun)):
            ended = process.poll() is not None
            now = (out / "now").read_text() if (out / "now").is_file() else ""
            since = time.time() - (out / "now").stat().st_mtime if now else 0.0
            if not ended and since < HANG_SECONDS + 2:
                continue
            if ended and now == "done":
                begun.remove((out, process))
                break
            process.kill()
            process.wait()
            number = int(now) if now.isdigit() else first
            if (why := _why(out, number, ended=ended, code=process.returncode)) is not None:
                kind = seeds[number % len(seeds)].kind
                outcome.problems.append(f"{number} {kind}: {why}")
            begun[place] = (out, _begin(out, pickled, number + processes, processes, last))
            (out / "now").unlink(missing_ok=True)
    _gather(top, outcome)
    return outcome


def _why(out: Path, number: int, *, ended: bool, code: int) -> str | None:
    """Say what became of the process, unless its log does."""
    lines = (out / "log.jsonl").read_text().splitlines() if (out / "log.jsonl").is_file() else []
    if ended and lines and json.loads(lines[-1])["number"] == number:
        return None
    return f"ended with {code}" if ended else f"hung for {HANG_SECONDS:g} s"


def _begin(out: Path, seeds: Path, first: int, step: int, last: int) -> subprocess.Popen[bytes]:
    numbers = ("--first", str(first), "--step", str(step), "--last", str(last))
    command = (sys.executable, "-m", "tests.fuzz.reading", *numbers)
    with (out / "errors.txt").open("ab") as errors:
        return subprocess.Popen(
            (*command, "--out", str(out), "--seeds", str(seeds)), stdout=errors, stderr=errors
        )


def _gather(top: Path, outcome: Outcome) -> None:
    for log in sorted(top.glob("process-*/log.jsonl")):
        before = 0
        for line in log.read_text().splitlines():
            entry = json.loads(line)
            outcome.inputs[entry["kind"]] += 1
            outcome.slowest = max(outcome.slowest, entry["seconds"])
            outcome.resident = max(outcome.resident, entry["resident"])
            name = f"{entry['number']} {entry['kind']}"
            if entry["trace"]:
                outcome.problems.append(f"{name}:\n{entry['trace']}")
            if entry["resident"] > RESIDENT_BYTES > before:
                outcome.problems.append(f"{name}: took {entry['resident'] / 2**30:.1f} GiB")
            if entry["seconds"] > HANG_SECONDS:
                outcome.problems.append(f"{name}: took {entry['seconds']:.0f} s")
            before = entry["resident"]


def main() -> int:
    """Run, print the problems, and end with 1 where that is anything."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--inputs", type=int, default=20_000)
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--processes", type=int, default=1)
    options.add_argument("--out", type=Path, required=True)
    given = options.parse_args()
    given.out.mkdir(parents=True)
    outcome = run(given.out, inputs=given.inputs, first=given.first, processes=given.processes)
    memory = outcome.resident / 2**20
    summary = f"{sum(outcome.inputs.values())} inputs, {len(outcome.problems)} problems, "
    summary += f"slowest {outcome.slowest:.1f} s, memory {memory:.0f} MiB"
    lines = [*outcome.problems, summary, str(dict(outcome.inputs))]
    sys.stdout.write("\n".join(lines) + "\n")
    return bool(outcome.problems)


if __name__ == "__main__":
    sys.exit(main())
