"""The Lite model: size, time of a window on one core, what it loses: ``make bench NAME=lite``.

Measures a file that ``starlung compress`` wrote (``LITE=FILE``; ``OUT/steps/int8/model.starlung``
where nothing was promoted); without one only what Lite loses is told, by the folds' predictions:
each lung read by a teacher and by a Lite that had not seen it, nodules INSERTED. No accelerator.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from medical.training.recipes import read_recipe
from models.compression.footprint import measure
from models.compression.pruning import count_channels, count_parameters
from models.runtime.conversion import convert_detector
from models.runtime.openvino_cpu import NetworkFile, openvino
from models.zoo.card import NETWORK_NAMES
from models.zoo.loader import find_model
from tests.benchmarks.folds.cascade import ablation
from tests.benchmarks.folds.train import RECIPE

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
    """Measure a file."""
    lite = find_model(str(path.resolve()))
    files = {name: NetworkFile.read(lite.folder / f"{name}.xml") for name in NETWORK_NAMES}
    whole = read_recipe(RECIPE).detector.build().eval()  # for size and time; its values are random
    channels = (count_channels(whole), channels_of(files["first"]))
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, both stages, loads alone")
    for name, file in files.items():
        print(f"  {name}: {len(file.weights) / 1e6:.2f} MB of weights")
    print(f"channels {channels[0]} -> {channels[1]}; teacher {count_parameters(whole):,} weights")
    lite, teacher, peak = measure(files["first"]), measure(convert_detector(whole)), peak_gflops()
    print(f"window of 64 voxels a side, one core: best {lite.best_ms:.1f} ms, median of 60 ")
    print(f"  {lite.median_ms:.1f} ms, {lite.peak_mib:.0f} MiB")
    print(f"  the teacher {teacher.median_ms:.1f} ms")
    print(f"  this core's FP32 matrix product in this run: {peak:.0f} GFLOP/s")
    return {
        "file_mb": round(path.stat().st_size / 1e6, 2),
        "window_ms_one_core": lite.median_ms,
        "channels_removed": round(1 - channels[1] / channels[0], 3),
    }


def main() -> None:
    """Measure and print."""
    result: dict[str, float] = {}
    if file := os.environ.get("LITE"):
        result |= size_and_time(Path(file))
    else:
        print("Size and time: set LITE to a file that 'starlung compress' wrote.")
    for with_second in (False, True):
        rows, share = ablation(with_second=with_second)
        print("both stages:" if with_second else "first stage alone:")
        for name, row in rows.items():
            print(f"  teacher and {name}: {row}")
        print(f"  switched: {share:.1%} of the candidates seen again in 32 bits")
        drop = rows["INT8 alone"]
        result |= {
            "cpm_drop": round(-drop.difference, 3),
            "cpm_drop_lo": round(-drop.high, 3),
            "cpm_drop_hi": round(-drop.low, 3),
            "lungs": drop.lungs,
        }
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
