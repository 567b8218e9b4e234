"""Both stages of a fold's Lite: ``... folds.small.lite DATA OUT FOLD SECONDS``.

DATA is what ``folds.data`` wrote; the teacher is ``DATA/start/FOLD.safetensors``, both stages by
the recipe ``local-attention``. Run again on the same OUT it goes on where it was cut off.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from medical.logs import LineHandler, own_log
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from medical.synthesis.phantom.sample import keep_chest_cases
from medical.training.compress import FirstStageCompression, load_student
from medical.training.compress_refinement import compress_refinement_stage
from medical.training.compressing.plan import CompressionPlan
from medical.training.fit import Material
from medical.training.recipes import read_recipe
from tests.benchmarks.folds.train import RECIPE, cases_of, load_start


def main() -> None:
    """Prune, teach and write."""
    data, out, fold, seconds = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    recipe = read_recipe(RECIPE)
    chests = keep_chest_cases(data / "chests", count=recipe.chests)
    material = Material(
        cases=cases_of(data, fold),
        pool=NodulePool.load(data / "pool.npz"),
        chests=[TrainingCase.load(path) for path in chests],
    )
    teacher = load_start(recipe, data / "start" / f"{fold}.safetensors")
    plan, device = (
        CompressionPlan(seconds=float(seconds)),
        torch.device("cuda" if torch.cuda.is_available() else "cpu"),
    )
    FirstStageCompression(teacher, material, recipe, plan, out / fold, device).run()
    first = load_student(recipe, out / fold / "eight-bit.safetensors")
    compress_refinement_stage(
        teacher, first, material, recipe, plan=plan, out=out / fold, device=device
    )


if __name__ == "__main__":
    with own_log(LineHandler()):
        main()
