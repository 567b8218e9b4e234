"""Teach a pruned first stage: ``python -m tests.benchmarks.folds.small.student DATA OUT SECONDS``.

What ``starlung compress --recipe starlung-lite`` teaches, on several accelerators. DATA is what
``folds.data`` wrote, ``DATA/start/untaught.safetensors`` the first stage of starlung-fast with
channels removed, as ``compress`` leaves it. The lungs of fold ``unseen`` teach; it is written
as ``OUT/pruned.safetensors``. Run again on the same OUT it goes on where it was cut off. Started by
torchrun, each process has an accelerator of its own and draws patches of its own.
"""

from __future__ import annotations

import copy
import sys
from pathlib import Path

import torch
from torch import nn

from medical.logs import LineHandler, own_log
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from medical.synthesis.phantom.sample import keep_chest_cases
from medical.training.compress import load_student
from medical.training.fit import Material
from medical.training.lessons import Lessons, save_weights
from medical.training.recipes import read_recipe
from models.compression.student import DistilledFirstStage, asking
from models.detector.both_views import BothViews
from models.training.config import LoopConfig
from models.training.ranks import FirstRankOnly, Ranks
from models.zoo.loader import find_model
from models.zoo.networks import load_networks
from tests.benchmarks.folds.train import cases_of, joined

TEACHER = "starlung-fast"
ECHOES = 4
_RATE, _DECAY, _WARMUP = 1.2e-3, 0.02, 300
_SEED = 11


def main() -> None:
    """Teach and write."""
    data, out, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    recipe = read_recipe("starlung-fast")
    first = recipe.phases[0].model_copy(update={"echoes": ECHOES})
    recipe = recipe.model_copy(update={"phases": (first, *recipe.phases[1:])})
    torch.backends.cudnn.benchmark = True
    material = Material(
        cases=cases_of(data, "unseen"),
        pool=NodulePool.load(data / "pool.npz"),
        chests=[
            TrainingCase.load(path)
            for path in keep_chest_cases(data / "chests", count=recipe.chests)
        ],
    )
    with joined() as device:
        teacher = load_networks(find_model(TEACHER))
        whole = BothViews(teacher.detector)
        student = load_student(recipe, data / "start" / "untaught.safetensors")
        refiner = copy.deepcopy(teacher.refiner)
        learner = DistilledFirstStage(
            student.requires_grad_(True), refiner, teacher=nn.Identity()
        ).to(device)
        lessons = Lessons(material, recipe, device, teacher=asking(whole, device))
        config = LoopConfig(
            seconds=seconds, learning_rate=_RATE, weight_decay=_DECAY, warmup_steps=_WARMUP
        )
        taught = lessons.teach(learner, config, out=out, seed=_SEED)
        if Ranks.current().first:
            save_weights(taught.detector.cpu(), out / "pruned.safetensors")


if __name__ == "__main__":
    handler = LineHandler()
    handler.addFilter(FirstRankOnly())
    with own_log(handler):
        main()
