"""The Lite model: size, time of a window on one core, what it loses: ``make bench NAME=lite``.

Measures starlung-lite, or a file that ``starlung compress`` wrote (``LITE=FILE``;
``OUT/steps/int8/model.starlung`` where nothing was promoted), beside starlung-fast, its teacher.
What it loses is told by kept predictions of lungs that neither had seen, nodules INSERTED; beside
it the folds' Lite with its cascade. No accelerator, no CT.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from models.compression.footprint import measure
from models.compression.pruning import count_parameters
from models.runtime.openvino_cpu import NetworkFile, openvino
from models.zoo.card import NETWORK_NAMES
from models.zoo.loader import find_model
from models.zoo.networks import load_networks
from models.zoo.single_file import pack
from tests.benchmarks.folds.compare import LITE as TABLE
from tests.benchmarks.folds.compare import NARROW, compare
from tests.benchmarks.folds.predictions import PREDICTIONS, read_predictions
from tests.benchmarks.folds.small.cascade import ablation, shipped_ablation
from tests.benchmarks.folds.small.precision import print_widths

TEACHER, LITE = "starlung-fast", "starlung-lite"
_FILE = f"{LITE}.starlung"

_PEAK = """
import os, time
os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[0]})
import numpy as np
a = np.ones((1536, 1536), np.float32)
best = 9e9
for _ in range(12):
    started = time.perf_counter(); a @ a; best = min(best, time.perf_counter() - started)
print(2 * 1536**3 / best / 1e9)
"""


def channels_of(network: NetworkFile) -> int:
    """Output channels of all convolutions of a converted first stage."""
    model = openvino.Core().read_model(network.model, network.weights)
    convolutions = [op for op in model.get_ordered_ops() if op.get_type_name() == "Convolution"]
    return sum(op.output(0).partial_shape[1].get_length() for op in convolutions)


def peak_gflops() -> float:
    """Return what one core reaches in a matrix product of 32 bits, in this very run."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", _PEAK]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout)


def size_and_time(path: Path) -> dict[str, float]:
    """Measure a file beside its teacher."""
    lite, teacher = find_model(str(path.resolve())), find_model(TEACHER)
    files = {name: NetworkFile.read(lite.folder / f"{name}.xml") for name in NETWORK_NAMES}
    whole = NetworkFile.read(teacher.folder / "first.xml")
    channels = channels_of(whole), channels_of(files["first"])
    weights = count_parameters(load_networks(teacher).detector)
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, both stages, loads alone")
    for name, file in files.items():
        print(f"  {name}: {len(file.weights) / 1e6:.2f} MB of weights")
    print(f"channels {channels[0]} -> {channels[1]}; {TEACHER}: {weights:,} weights")
    small, large, peak = measure(files["first"]), measure(whole), peak_gflops()
    print(f"window of 64 voxels a side, one core, INT8: best {small.best_ms:.1f} ms, median of 60 ")
    print(f"  {small.median_ms:.1f} ms, {small.peak_mib:.0f} MiB")
    print(f"  {TEACHER}, INT8: best {large.best_ms:.1f} ms, median {large.median_ms:.1f} ms")
    print(f"  this core's FP32 matrix product in this run: {peak:.0f} GFLOP/s")
    return {
        "file_mb": round(path.stat().st_size / 1e6, 2),
        "window_ms_one_core": small.median_ms,
        "channels_removed": round(1 - channels[1] / channels[0], 3),
    }


def main() -> None:
    """Measure and print."""
    result: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(os.environ.get("LITE") or Path(scratch, _FILE))
        if not file.exists():
            pack(find_model(LITE), file)
        result |= size_and_time(file)
    for with_second in (False, True):
        print("both stages:" if with_second else "first stage alone:")
        fast, lite = (
            read_predictions(PREDICTIONS / name, views=2, with_second=with_second)
            for name in (f"{NARROW}/fast-int8.csv", TABLE)
        )
        drop = compare(fast, lite)
        print(f"  {TEACHER} and {LITE}: {drop}")
        for whose, table in ((LITE, shipped_ablation), ("the folds' Lite", ablation)):
            rows, share = table(with_second=with_second)
            for name, row in rows.items():
                print(f"  teacher and {whose}, {name}: {row}")
            print(f"  switched: {share:.1%} of the candidates seen again in 32 bits")
        result |= {
            "cpm_drop": round(-drop.difference, 3),
            "cpm_drop_lo": round(-drop.high, 3),
            "cpm_drop_hi": round(-drop.low, 3),
            "lungs": drop.lungs,
        }
    print_widths(PREDICTIONS / "widths")
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
