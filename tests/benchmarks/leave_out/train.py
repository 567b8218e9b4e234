"""Train a fold: ``python -m tests.benchmarks.leave_out.train DATA OUT FOLD [SECONDS]``.

DATA is what ``leave_out.data`` wrote. ``OUT/FOLD.safetensors`` are both stages by the recipe
``starlung-0.5.0``, from nothing. The figures of 2026-11-26 had 1,180 s and 75 s on one H200 each.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from medical.files import written_atomically
from medical.logs import LineHandler, own_log
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from medical.synthesis.phantom.sample import keep_chest_cases
from medical.training.config import Cases, RunConfig
from medical.training.fit import Material, fit
from medical.training.recipes import read_recipe
from models.zoo.networks import save_networks
from tests.benchmarks.leave_out.folds import FOLDS


def main() -> None:
    """Train and write; run again on the same OUT it goes on where it was cut off."""
    data, out, fold = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    recipe = read_recipe("starlung-0.5.0")
    if len(sys.argv) > 4:
        budget = recipe.budget.model_copy(update={"minutes": float(sys.argv[4]) / 60})
        recipe = recipe.model_copy(update={"budget": budget})
    every = [TrainingCase.load(path) for path in sorted((data / "cases").glob("*.npz"))]
    chests = keep_chest_cases(data / "chests", count=recipe.chests)
    material = Material(
        cases=[case for case in every if case.name not in FOLDS[fold]],
        pool=NodulePool.load(data / "pool.npz"),
        chests=[TrainingCase.load(path) for path in chests],
    )
    (out / fold).mkdir(parents=True, exist_ok=True)
    networks = fit(
        RunConfig(source=Cases(cases=str(data)), recipe=recipe),
        material,
        out=out / fold,
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
    )
    with written_atomically(out / f"{fold}.safetensors") as beside:
        save_networks(networks, beside)


if __name__ == "__main__":
    with own_log(LineHandler()):
        main()
