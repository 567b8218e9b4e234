"""What a network file costs to run on one core: milliseconds and memory, in a process of its own.

``python -m models.compression.footprint FILE EDGE RUNS`` prints them as JSON; ``measure`` calls it,
so that the memory is the network's alone and the time not that of threads beside it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from models.runtime.openvino_cpu import NetworkFile, openvino


@dataclass(frozen=True, slots=True)
class Footprint:
    """One cubic window through a first stage, on one core.

    Args:
        best_ms: least of the runs.
        median_ms: of the runs.
        peak_mib: memory of the process at its highest, interpreter and runtime included.
    """

    best_ms: float
    median_ms: float
    peak_mib: float


def measure(network: NetworkFile, *, edge: int = 64, runs: int = 60) -> Footprint:
    """Run a first stage in a process pinned to one core.

    Args:
        network: takes ``[1, 1, edge, edge, edge]``.
        edge: of the window, voxels.
        runs: after three that do not count.

    Raises:
        RuntimeError: the process failed; its words are in the message.
    """
    with TemporaryDirectory(prefix="starlung-") as folder:
        path = Path(folder) / ("network.xml" if network.weights else "network.onnx")
        path.write_bytes(network.model)
        if network.weights:
            path.with_suffix(".bin").write_bytes(network.weights)
        command = [sys.executable, "-m", __name__, str(path), str(edge), str(runs)]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return Footprint(**json.loads(done.stdout.splitlines()[-1]))


def _main(path: Path, edge: int, runs: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})
    network = NetworkFile.read(path)
    core = openvino.Core()
    model = core.read_model(network.model, network.weights or b"")
    shape = (1, 1, edge, edge, edge)
    model.reshape({model.inputs[0]: shape})
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": 1,
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    image = np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)
    spent = []
    for _ in range(runs + 3):
        started = time.perf_counter()
        request.infer([image])
        spent.append(1000 * (time.perf_counter() - started))
    spent = spent[3:]
    result = Footprint(
        best_ms=round(min(spent), 2),
        median_ms=round(statistics.median(spent), 2),
        peak_mib=round(_peak_mib(), 1),
    )
    sys.stdout.write(json.dumps(asdict(result)) + "\n")


def _peak_mib() -> float:
    """Read what Linux tells of this program alone: ``ru_maxrss`` keeps what its parent had."""
    status = Path("/proc/self/status").read_text("utf-8")
    line = next(row for row in status.splitlines() if row.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
