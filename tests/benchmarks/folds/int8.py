"""A fold's Lite in eight bits: ``python -m tests.benchmarks.folds.int8 DATA LITE OUT FOLD``.

DATA is what ``folds.data`` and ``folds.inserted`` wrote, with the teacher's two stages in
``DATA/start/FOLD.safetensors``; ``LITE/FOLD/NAME`` the first stage's weights in 32 bits. Both
stages are quantised by NNCF on CTs that the fold may see; then it reads what it left out, the whole
box at once in one view, by OpenVINO on the CPU. Writes ``OUT/FOLD.csv`` as ``folds.read`` does; what was
read before it was cut off is not read again.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from medical.detection.refinement import cut
from medical.synthesis.case import TrainingCase
from medical.training.compress import load_student
from medical.training.recipes import read_recipe
from models.compression.int8 import Inputs, quantize_to_int8
from models.detector.normalise import normalise
from models.runtime.conversion import convert_detector, convert_refiner
from models.runtime.dropout import layers_of_refiner
from models.runtime.networks import Backend, Networks, refinement_of
from models.runtime.openvino_cpu import OneByOne, OpenVinoNetwork, openvino_version
from tests.benchmarks.folds.read import COLUMNS, rows_of, scans_of
from tests.benchmarks.folds.scans import left_out
from tests.benchmarks.folds.train import RECIPE, cases_of, load_start
from tests.benchmarks.folds.whole_box import WholeBox

_WINDOWS, _EDGE, _CROPS = 36, 96, 48


def windows_of(cases: list[TrainingCase], *, count: int) -> Iterator[Inputs]:
    """Windows of real lungs, normalised, spread over the cases."""
    draw = np.random.default_rng(17)
    for number in range(count):
        case = cases[number % len(cases)]
        inside = np.argwhere(case.lung[::8, ::8, ::8]) * 8
        middle = inside[draw.integers(len(inside))]
        low = [
            int(np.clip(m - _EDGE // 2, 0, max(0, n - _EDGE)))
            for m, n in zip(middle, case.code.shape, strict=True)
        ]
        part = case.hu[tuple(slice(at, at + _EDGE) for at in low)]
        grow = [(0, _EDGE - n) for n in part.shape]
        yield (normalise(np.pad(part, grow, mode="edge"))[None, None],)


def crops_of(cases: list[TrainingCase], *, count: int) -> Iterator[Inputs]:
    """Crops at known nodules and at places in lung, as the second stage takes them."""
    draw = np.random.default_rng(19)
    for number in range(count):
        case = cases[number % len(cases)]
        inside = np.argwhere(case.lung[::4, ::4, ::4]) * 4
        center, mm = inside[draw.integers(len(inside))].astype(float), draw.uniform(4, 20)
        if len(case.nodules) and number % 3 == 0:
            row = case.nodules[draw.integers(len(case.nodules))]
            center, mm = row[:3].astype(float), float(row[3])
        yield tuple(cut(case.hu, center[None], np.array([mm])))


def eight_bit_networks(data: Path, weights: Path, fold: str) -> Networks:
    """Both stages of a fold in eight bits."""
    recipe = read_recipe(RECIPE)
    teacher = load_start(recipe, data / "start" / f"{fold}.safetensors").eval()
    cases = [case for case in cases_of(data, fold) if min(case.code.shape) >= 64]
    first = quantize_to_int8(
        convert_detector(load_student(recipe, weights)), windows_of(cases, count=_WINDOWS)
    )
    crops = list(crops_of(cases, count=_CROPS))
    classifier, outline = (
        quantize_to_int8(file, crops) for file in convert_refiner(teacher.refiner)
    )
    layers = layers_of_refiner(
        {name: value.numpy() for name, value in teacher.refiner.state_dict().items()},
        share=teacher.refiner.dropout,
        own_classifier=teacher.refiner.own is not None,
    )
    second = [OneByOne(OpenVinoNetwork(file)) for file in (classifier, outline)]
    backend = Backend("OpenVINO", openvino_version(), "CPU", "int8")
    return Networks(OpenVinoNetwork(first), refinement_of(*second, layers), backend)


def main() -> None:
    """Quantise, read and write."""
    data, lite, out, fold = (Path(part) for part in sys.argv[1:5])
    name = fold.name
    file = sys.argv[5] if len(sys.argv) > 5 else "eight-bit.safetensors"
    networks = eight_bit_networks(data, lite / name / file, name)
    reader = {1: WholeBox.by(networks)}
    parts = out / name
    parts.mkdir(parents=True, exist_ok=True)
    for lung in left_out(name):
        if (parts / f"{lung}.csv").exists():
            continue
        rows = [r for row in scans_of(data, lung) for r in rows_of(row[0], lung, *row[1:], reader)]
        with (parts / "part").open("w", newline="", encoding="utf-8") as table:
            csv.writer(table, lineterminator="\n").writerows(rows)
        (parts / "part").replace(parts / f"{lung}.csv")
        print(lung, flush=True)
    with (out / f"{name}.csv").open("w", newline="", encoding="utf-8") as table:
        table.write(",".join(COLUMNS) + "\n")
        for lung in left_out(name):
            table.write((parts / f"{lung}.csv").read_text("utf-8"))


if __name__ == "__main__":
    main()
