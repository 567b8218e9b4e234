"""Break a running two-rank training in seven ways and see what comes back.

Run by ``make bench NAME=faults``, or ``python -m tests.benchmarks.faults FOLDER``: what is known is
then kept there, and not broken again. Real torchrun jobs over gloo, started by the program's own
launcher. Ends with the keys tried, recovered, max_seconds (from the fault to the next step trained,
or to the next checkpoint on disk), bitwise_equal (against the undisturbed run), and
max_steps_lost beside the interval, which is what the run was told that a fault may cost.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from medical.training.config import Cluster
from medical.training.worker import process_environment, torchrun
from models.distributed.checkpoints import CheckpointStore
from models.training.config import SNAPSHOTS_AN_INTERVAL
from tests.benchmarks.faults.worker import INTERVAL, STEPS

Agent = subprocess.Popen[bytes]
WORKER = "tests.benchmarks.faults.worker"
FAULT_STEP = 54  # just before a snapshot, where most is lost
LIMIT_SECONDS = 600  # on a machine that has other work too


@dataclass(frozen=True)
class Outcome:
    """One line of the table."""

    name: str
    recovered: bool
    seconds: float
    steps_lost: int
    equal: bool


def start(out: Path, fault: str = "", *, node: int | None = None, port: int = 0) -> Agent:
    """One torchrun agent: a whole job of two ranks, or one of two nodes with a rank each."""
    cluster = Cluster(per_node=2)
    if node is not None:
        cluster = Cluster(nodes=2, per_node=1, node=node, rendezvous=f"127.0.0.1:{port}")
    with (out / f"agent{node or 0}.log").open("a") as log:
        return subprocess.Popen(
            torchrun(cluster, WORKER, str(out), fault, name=out.name),
            env={
                **process_environment(cluster),
                "OMP_NUM_THREADS": "1",
                "GLOO_SOCKET_IFNAME": "lo",
            },
            stdout=log,
            stderr=log,
            start_new_session=True,  # killed with all its ranks
        )


def kill_all(agent: Agent) -> None:
    """End an agent and, found by their parent, its ranks: torchrun gives each its session."""
    ranks = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(agent.pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    for pid in (agent.pid, *map(int, ranks)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    agent.wait()


def steps_of(out: Path) -> list[tuple[float, int]]:
    """Time and steps done before, of every batch that rank 0 drew."""
    path = out / "steps.log"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(float(a), int(b)) for a, b in (line.split() for line in lines if " " in line)]


def wait_for_step(out: Path, step: int) -> None:
    """Return when training has come that far."""
    deadline = time.time() + LIMIT_SECONDS
    while not (done := steps_of(out)) or done[-1][1] < step:
        if time.time() > deadline:
            raise TimeoutError(f"step {step} was not reached: see {out}")
        time.sleep(0.05)


def ended(*agents: Agent) -> bool:
    """Whether all agents end well."""
    try:
        return all(agent.wait(timeout=LIMIT_SECONDS) == 0 for agent in agents)
    except subprocess.TimeoutExpired:
        for agent in agents:
            kill_all(agent)
        return False


def outcome(name: str, out: Path, ok: bool, expected: str, fault: tuple[float, int]) -> Outcome:
    """Read from the logs what came back after ``fault`` (time, step)."""
    at, step = fault
    after = [(when, done) for when, done in steps_of(out) if when > at and done <= step]
    digest = (out / "digest.txt").read_text() if (out / "digest.txt").exists() else ""
    # the first batch after the fault belongs to the step that resumed; the second says it is done
    seconds = after[1][0] - at if len(after) > 1 else float("nan")
    lost = step - after[0][1] if after else -1
    result = Outcome(name, ok and bool(after), seconds, lost, digest == expected)
    print(result, file=sys.stderr, flush=True)
    return result


def rank_killed(name: str, fault: str, out: Path, expected: str) -> Outcome:
    """A rank kills itself; torchrun starts both again."""
    ok = ended(start(out, fault))
    if not (out / "fault.json").exists():
        raise SystemExit(
            f"{name}: the fault never came: {(out / 'agent0.log').read_text()[-3000:]}"
        )
    record = json.loads((out / "fault.json").read_text())
    return outcome(name, out, ok, expected, (record["time"], record["step"]))


def node_gone(out: Path, expected: str) -> Outcome:
    """One of two agents is killed with its rank, and started again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    first, second = (start(out, node=node, port=port) for node in (0, 1))
    wait_for_step(out, FAULT_STEP)
    fault = (time.time(), steps_of(out)[-1][1])
    kill_all(second)
    time.sleep(2)
    return outcome("node gone", out, ended(first, start(out, node=1, port=port)), expected, fault)


def truncated(out: Path, expected: str) -> Outcome:
    """The whole job is killed and its newest checkpoint cut short before it starts again."""
    job = start(out)
    wait_for_step(out, FAULT_STEP)
    kill_all(job)
    done = steps_of(out)[-1][1]
    store = CheckpointStore(out / "checkpoints")
    file = max(store.place(store.steps()[-1]).glob("*.distcp"), key=lambda f: f.stat().st_size)
    with file.open("r+b") as stream:
        stream.truncate(file.stat().st_size // 2)
    at = time.time()
    return outcome("checkpoint truncated", out, ended(start(out)), expected, (at, done))


@contextlib.contextmanager
def small_disk(folder: Path, *, kilobytes: int) -> Iterator[None]:
    """A file system of its own, for root only."""
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder], check=True
    )
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def disk_full(out: Path, expected: str, *, kilobytes: int) -> Outcome:
    """Room for one checkpoint and a half; after two failures there is more."""
    with small_disk(out / "checkpoints", kilobytes=kilobytes * 3 // 2):
        job = start(out)
        log, store = out / "agent0.log", CheckpointStore(out / "checkpoints")
        deadline = time.time() + LIMIT_SECONDS
        while log.read_text().count("could not be written") < 2 and time.time() < deadline:
            time.sleep(0.05)
        warned = "No space left" in log.read_text()
        at, before = time.time(), store.steps()
        subprocess.run(
            ["mount", "-o", f"remount,size={kilobytes * 8}k", out / "checkpoints"], check=True
        )
        while store.steps() == before and job.poll() is None:
            time.sleep(0.02)
        seconds = time.time() - at
        ok = ended(job) and warned and store.newest()[0] == STEPS
    digest = (out / "digest.txt").read_text() if (out / "digest.txt").exists() else ""
    # training never stops for a full disk, so no step is taken twice
    return Outcome("disk full", ok, seconds, 0, digest == expected)


def stored(work: Path, name: str, make: Callable[[Path], Outcome]) -> Outcome:
    """One fault's outcome, now or from an earlier start."""
    path = work / f"{name}.json"
    if not path.exists():
        shutil.rmtree(work / name, ignore_errors=True)
        (work / name).mkdir()
        path.write_text(json.dumps(asdict(make(work / name))))
    return Outcome(**json.loads(path.read_text()))


def break_all(work: Path) -> tuple[list[Outcome], int]:
    """Every fault's outcome, and kilobytes of a snapshot."""
    whole = work / "whole"
    if not (whole / "digest.txt").exists():
        shutil.rmtree(whole, ignore_errors=True)
        whole.mkdir()
        if not ended(start(whole)):
            raise SystemExit((whole / "agent0.log").read_text()[-3000:])
    expected = (whole / "digest.txt").read_text()
    newest = CheckpointStore(whole / "checkpoints").place(STEPS)
    kilobytes = sum(file.stat().st_size for file in newest.iterdir()) // 1024

    def killed(how: str, kind: str, rank: int) -> Callable[[Path], Outcome]:
        fault = f"{kind}:{rank}:{FAULT_STEP}"
        return lambda out: rank_killed(f"rank killed {how}", fault, out, expected)

    faults: dict[str, Callable[[Path], Outcome]] = {
        "forward": killed("at forward", "forward", 1),
        "backward": killed("in backward", "backward", 0),
        "all-reduce": killed("in all-reduce", "all-reduce", 1),
        "write": killed("while a checkpoint is written", "write", 0),
        "node": lambda out: node_gone(out, expected),
        "disk": lambda out: disk_full(out, expected, kilobytes=kilobytes),
        "torn": lambda out: truncated(out, expected),
    }
    return [stored(work, name, make) for name, make in faults.items()], kilobytes


def main() -> None:
    """Break, measure, print."""
    with tempfile.TemporaryDirectory(prefix="starlung-faults-") as temporary:
        work = Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        work.mkdir(parents=True, exist_ok=True)
        outcomes, kilobytes = break_all(work.resolve())
    print(
        f"two ranks, {STEPS} steps, at most {INTERVAL} of which may be lost: a snapshot "
        f"({kilobytes} kB) every {INTERVAL // SNAPSHOTS_AN_INTERVAL}"
    )
    print("| fault | recovered | seconds | steps lost | same weights to the bit |")
    print("|---|---|---|---|---|")
    for outcome in outcomes:
        words = ("no", "yes")
        print(
            f"| {outcome.name} | {words[outcome.recovered]} | {outcome.seconds:.1f} "
            f"| {outcome.steps_lost} | {words[outcome.equal]} |"
        )
    result = {
        "tried": len(outcomes),
        "recovered": sum(outcome.recovered for outcome in outcomes),
        "max_seconds": round(max(outcome.seconds for outcome in outcomes), 1),
        "bitwise_equal": all(outcome.equal for outcome in outcomes),
        "max_steps_lost": max(outcome.steps_lost for outcome in outcomes),
        "interval": INTERVAL,
    }
    print("RESULT", json.dumps(result))


if __name__ == "__main__":
    main()
