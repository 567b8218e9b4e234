"""A fold's small second stage, taught and compared with the one that taught it.

``python -m tests.benchmarks.folds.small.refinement DATA LITE OUT FOLD SECONDS``.

DATA is what ``folds.data`` and ``folds.inserted`` wrote, with the teacher's two stages in
``DATA/start/FOLD.safetensors``; ``LITE/FOLD/step3.safetensors`` or ``pruned.safetensors`` the first
stage's weights. Teaches by ``compress_refinement_stage`` on what the fold may see, then says of the
candidates that the fold's Lite told (``predictions/lite``, one view, the lungs left out) what the
teacher's second stage says and what the small one does. Writes ``OUT/teacher/FOLD.csv`` and
``OUT/small/FOLD.csv`` like those, and prints their comparison; a lung that was read is not read
again.
"""

from __future__ import annotations

import csv
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from medical.detection.refinement import Crops, RefinementStage, cut
from medical.logs import LineHandler, own_log
from medical.synthesis.nodules.pool import NodulePool
from medical.training.compress import load_student
from medical.training.compress_refinement import compress_refinement_stage
from medical.training.compressing.plan import CompressionPlan
from medical.training.fit import Material
from medical.training.recipes import Patches, Recipe, read_recipe
from models.detector.refiner import Refiner
from models.runtime.conversion import convert_refiner
from models.runtime.dropout import layers_of_refiner
from models.runtime.networks import refinement_of
from models.runtime.openvino_cpu import OneByOne, OpenVinoNetwork
from tests.benchmarks.folds.compare import compare
from tests.benchmarks.folds.predictions import PREDICTIONS, read_predictions
from tests.benchmarks.folds.read import COLUMNS, scans_of
from tests.benchmarks.folds.scans import left_out
from tests.benchmarks.folds.train import RECIPE, cases_of, load_start

_SAMPLES = 8  # as ``whole_box``
_AT_A_TIME = 64
_VIEW = "views1"

Row = dict[str, str]


def how_here(name: str = RECIPE) -> Recipe:
    """A recipe, the folds' own where none is named; on a CPU with batches that it can carry."""
    recipe = read_recipe(name)
    if torch.cuda.is_available():
        return recipe
    return recipe.model_copy(update={"patches": Patches(batch=8, patch=64)})


def teach(data: Path, lite: Path, out: Path, fold: str, *, seconds: float) -> Refiner:
    """Teach, or take what lies there; the small second stage."""
    recipe = how_here()
    paths = [lite / fold / f"{name}.safetensors" for name in ("step3", "pruned")]
    weights = next(path for path in paths if path.exists())
    material = Material(cases=cases_of(data, fold), pool=NodulePool.load(data / "pool.npz"))
    # all of the time is the second stage's
    plan = CompressionPlan(seconds=seconds, refinement_share=1.0)
    return compress_refinement_stage(
        load_start(recipe, data / "start" / f"{fold}.safetensors"),
        load_student(recipe, weights),
        material,
        recipe,
        plan=plan,
        out=out / fold,
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
    )


def stage_of(refiner: Refiner) -> RefinementStage:
    """Run a second stage by OpenVINO on the CPU."""
    state = {name: value.numpy() for name, value in refiner.state_dict().items()}
    layers = layers_of_refiner(state, share=refiner.dropout, own_classifier=refiner.own is not None)
    networks = [OneByOne(OpenVinoNetwork(file)) for file in convert_refiner(refiner)]
    return RefinementStage(refinement_of(*networks, layers), samples=_SAMPLES)


def rows_by_scan(fold: str, lung: str) -> dict[str, list[Row]]:
    """Return the predictions' lines of one lung, scan by scan."""
    table = defaultdict(list)
    with (PREDICTIONS / "lite" / f"{fold}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["lung"] == lung:
                table[row["scan"]].append(row)
    return table


def judged(data: Path, fold: str, lung: str, stages: list[RefinementStage]) -> Iterator[list[Row]]:
    """Lines of a lung's table by each stage: the second logit is the stage's."""
    table = rows_by_scan(fold, lung)
    hu = {case.name: case for case, _, _ in scans_of(data, lung)}
    results: list[list[Row]] = [[] for _ in stages]
    for scan, rows in table.items():
        own = [row for row in rows if row["kind"] == _VIEW]
        places = np.array([[float(row[axis]) for axis in "zyx"] for row in own]).reshape(-1, 3)
        mm = np.array([float(row["diameter_mm"]) for row in own])
        logits = [np.zeros(0)] * len(stages)
        if own:
            crops = cut(hu[scan].hu, places, mm)
            logits = [classify(stage, crops) for stage in stages]
        for result, values in zip(results, logits, strict=True):
            result += [row for row in rows if not row["kind"].startswith("views")]
            result += [{**r, "second": f"{v:.2f}"} for r, v in zip(own, values, strict=True)]
    yield from results


def classify(stage: RefinementStage, crops: Crops) -> np.ndarray:
    """Mean logit of each candidate."""
    parts = [
        stage.classify(crops.only(np.arange(at, min(at + _AT_A_TIME, len(crops.near)))))
        for at in range(0, len(crops.near), _AT_A_TIME)
    ]
    return np.concatenate([part.mean(0) for part in parts])


def main() -> None:
    """Teach, read and compare."""
    data, lite, out, fold = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    small = teach(data, lite, out, fold, seconds=float(sys.argv[5]))
    teacher = load_start(how_here(), data / "start" / f"{fold}.safetensors").eval()
    names = ("teacher", "small")
    stages = [stage_of(teacher.refiner), stage_of(small)]
    for lung in left_out(fold):
        paths = [out / fold / name / f"{lung}.csv" for name in names]
        if all(path.exists() for path in paths):
            continue
        for path, rows in zip(paths, judged(data, fold, lung, stages), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        print(lung, flush=True)
    scans = []
    for name in names:
        files = [out / fold / name / f"{lung}.csv" for lung in left_out(fold)]
        scans.append([s for f in files for s in read_predictions(f, views=1, with_second=True)])
    print(
        f"{fold}, both stages, INSERTED nodules, teacher's and small second stage: "
        f"{compare(*scans)}"
    )


if __name__ == "__main__":
    with own_log(LineHandler()):
        main()
