"""A first stage's window layer by layer on one pinned core: ``make bench NAME=layers LITE=FILE``.

Each layer's time is its best of many runs, so that neighbours on the machine count little; beside
the whole stand what the same core reaches in this very run, in 32 and in eight bits, by one wide
operation that does nothing else.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from models.runtime.openvino_cpu import NetworkFile, openvino
from models.zoo.loader import find_model
from tests.benchmarks.layers.int8_peak import int8_gops
from tests.benchmarks.lite import peak_gflops

_SHAPE = (1, 1, 64, 64, 64)
_RUNS = 120
_SETTINGS: dict[str, object] = {
    "INFERENCE_PRECISION_HINT": "f32",
    "INFERENCE_NUM_THREADS": 1,
    "PERFORMANCE_HINT": "LATENCY",
}


def multiplications(model: openvino.Model) -> int:
    """Count those of all convolutions."""
    total = 0
    for op in model.get_ordered_ops():
        if op.get_type_name() == "Convolution":
            kernel = op.input(1).get_partial_shape().to_shape()
            total += int(np.prod(list(op.output(0).shape))) * int(np.prod(list(kernel)[1:]))
    return total


def best_of_layers(
    network: NetworkFile, *, runs: int
) -> tuple[dict[tuple[str, str, str], float], list[float]]:
    """Return each layer's best milliseconds by name, kind and kernel, and those of whole runs."""
    core = openvino.Core()
    model = core.read_model(network.model, network.weights or b"")
    model.reshape({model.inputs[0]: _SHAPE})
    image = np.random.default_rng(0).uniform(-1, 1, _SHAPE).astype(np.float32)
    plain = core.compile_model(model, "CPU", _SETTINGS).create_infer_request()
    counted = core.compile_model(model, "CPU", {**_SETTINGS, "PERF_COUNT": True})
    request = counted.create_infer_request()
    best: dict[tuple[str, str, str], float] = defaultdict(lambda: float("inf"))
    whole = []
    for _ in range(runs):
        started = time.perf_counter()
        plain.infer([image])
        whole.append(1000 * (time.perf_counter() - started))
        request.infer([image])
        for row in request.get_profiling_info():
            if "EXECUTED" in str(row.status):
                key = (row.node_name, row.node_type, row.exec_type)
                best[key] = min(best[key], 1000 * row.real_time.total_seconds())
    return dict(best), whole


def main() -> None:
    """Measure the file that ``LITE`` names, and print."""
    file = os.environ.get("LITE")
    if not file:
        sys.exit("Set LITE to a model file that 'starlung compress' wrote.")
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})
    network = NetworkFile.read(find_model(str(Path(file).resolve())).folder / "first.xml")
    model = openvino.Core().read_model(network.model, network.weights)
    model.reshape({model.inputs[0]: _SHAPE})
    gops = 2 * multiplications(model) / 1e9
    layers, whole = best_of_layers(network, runs=_RUNS)
    fp32, int8 = peak_gflops(), int8_gops(_SETTINGS)
    convolutions = sum(ms for (_, kind, _), ms in layers.items() if kind == "Convolution")
    everything = sum(layers.values())
    print(f"window of 64 voxels a side: best {min(whole):.1f} ms, median of {_RUNS} ", end="")
    print(f"{statistics.median(whole):.1f} ms; {gops:.2f} GOP in convolutions")
    print(f"layers, best each: {everything:.1f} ms, convolutions {convolutions:.1f} ms of it")
    by_kind: dict[tuple[str, str], float] = defaultdict(float)
    for (_, kind, kernel), ms in layers.items():
        by_kind[kind, kernel] += ms
    for (kind, kernel), ms in sorted(by_kind.items(), key=lambda row: -row[1])[:10]:
        print(f"  {ms:7.2f} ms  {kind} ({kernel})")
    print("the longest:")
    for (name, kind, _), ms in sorted(layers.items(), key=lambda row: -row[1])[:8]:
        print(f"  {ms:7.2f} ms  {kind} {name[-60:]}")
    share = gops / (min(whole) / 1000) / int8
    print(f"this core in this run: {fp32:.0f} GFLOP/s in 32 bits, {int8:.0f} GOP/s in eight")
    result = {
        "window_ms_one_core": round(min(whole), 1),
        "window_ms_median": round(statistics.median(whole), 1),
        "convolutions_ms": round(convolutions, 1),
        "others_ms": round(everything - convolutions, 1),
        "int8_gops": round(int8),
        "fp32_gflops": round(fp32),
        "share_of_the_possible": round(share, 3),
        "floor_ms": round(1000 * gops / int8, 1),
    }
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
