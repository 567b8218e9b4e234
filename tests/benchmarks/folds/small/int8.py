"""A fold's Lite in eight bits: ``python -m tests.benchmarks.folds.small.int8 DATA LITE OUT FOLD``.

DATA is what ``folds.data`` and ``folds.inserted`` wrote, with the teacher's two stages in
``DATA/start/FOLD.safetensors``; ``LITE/FOLD/NAME`` the first stage's weights as they were taught
rounded. The first stage is quantised between its learned bounds, the second by NNCF on CTs that the
fold may see; then it reads what it left out, the whole
box at once in one view, by OpenVINO on the CPU. Writes ``OUT/FOLD.csv`` as ``folds.read`` does;
what was read before it was cut off is not read again.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from medical.training.compress import load_student, load_taught_rounded
from medical.training.compressing.calibration_inputs import refinement_crops
from medical.training.recipes import read_recipe
from models.compression.int8 import quantize_to_int8
from models.compression.learned_bounds import quantize_between_learned_bounds
from models.runtime.conversion import convert_detector, convert_refiner
from models.runtime.dropout import layers_of_refiner
from models.runtime.networks import Backend, Networks, refinement_of
from models.runtime.openvino_cpu import NetworkFile, OneByOne, OpenVinoNetwork, openvino_version
from models.zoo.card import NETWORK_NAMES
from tests.benchmarks.folds.read import COLUMNS, rows_of, scans_of
from tests.benchmarks.folds.scans import left_out
from tests.benchmarks.folds.train import RECIPE, cases_of, load_start
from tests.benchmarks.folds.whole_box import WholeBox


def eight_bit_files(data: Path, weights: Path, fold: str, *, out: Path) -> list[NetworkFile]:
    """First stage, classifier and outline in eight bits; what lies in ``out`` is taken."""
    paths = [out / f"{name}.xml" for name in NETWORK_NAMES]
    if all(path.exists() for path in paths):
        return [NetworkFile.read(path) for path in paths]
    recipe = read_recipe(RECIPE)
    teacher = load_start(recipe, data / "start" / f"{fold}.safetensors").eval()
    cases = [case for case in cases_of(data, fold) if min(case.code.shape) >= 64]
    crops = list(refinement_crops(cases))
    files = [
        quantize_between_learned_bounds(
            convert_detector(load_student(recipe, weights)), load_taught_rounded(recipe, weights)
        ),
        *(quantize_to_int8(file, crops) for file in convert_refiner(teacher.refiner)),
    ]
    out.mkdir(parents=True, exist_ok=True)
    for path, file in zip(paths, files, strict=True):
        path.with_suffix(".bin").write_bytes(file.weights)
        path.write_bytes(file.model)
    return files


def eight_bit_networks(data: Path, weights: Path, fold: str, *, out: Path) -> Networks:
    """Both stages of a fold in eight bits, ready to run."""
    first, *files = eight_bit_files(data, weights, fold, out=out)
    recipe = read_recipe(RECIPE)
    teacher = load_start(recipe, data / "start" / f"{fold}.safetensors").eval()
    layers = layers_of_refiner(
        {name: value.numpy() for name, value in teacher.refiner.state_dict().items()},
        share=teacher.refiner.dropout,
        own_classifier=teacher.refiner.own is not None,
    )
    second = [OneByOne(OpenVinoNetwork(file)) for file in files]
    backend = Backend("OpenVINO", openvino_version(), "CPU", "int8")
    return Networks(OpenVinoNetwork(first), refinement_of(*second, layers), backend)


def main() -> None:
    """Quantise, read and write."""
    data, lite, out, fold = (Path(part) for part in sys.argv[1:5])
    name = fold.name
    file = sys.argv[5] if len(sys.argv) > 5 else "eight-bit.safetensors"
    networks = eight_bit_networks(data, lite / name / file, name, out=out / name / "networks")
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
