"""Teaching the students of both stages, by one process or by several, an accelerator each.

Several are started by torchrun, each as ``python -m`` this module with the run's folder. Channels
are removed before they start: each would choose its own by gradients that differ in the last bit.
On failure torchrun starts all again, and they go on from the newest whole checkpoint.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from medical.logs import LineHandler, own_log
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import divided, open_pool
from medical.synthesis.phantom.sample import keep_chest_cases
from medical.training.compress import (
    EIGHT_BIT,
    PRUNED,
    UNTAUGHT,
    FirstStageCompression,
    load_student,
)
from medical.training.compress_refinement import REFINEMENT, compress_refinement_stage
from medical.training.compressing.config import Teaching
from medical.training.compressing.plan import CompressionPlan
from medical.training.config import Cluster
from medical.training.fit import Material
from medical.training.worker import choose_device, join_processes, train_together
from models.training.ranks import FirstRankOnly
from models.zoo.loader import find_model
from models.zoo.networks import load_to_teach

TAUGHT = "taught"


def teach_students(teaching: Teaching, out: Path) -> None:
    """Make students of both stages in ``out/taught``; what an earlier run left is taken.

    Args:
        teaching: who teaches what.
        out: of the run.

    Raises:
        InputError: the processes ended with an error more often than they may start again.
    """
    config, taught = teaching.config, out / TAUGHT
    if config.per_node == 1:
        _teach(teaching, out)
        return
    if all((taught / name).exists() for name in _list_weights(config.recipe.plan)):
        return
    if not (taught / UNTAUGHT).exists():
        _open(teaching, out).prune()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()  # the processes need what this one no longer does
    teaching.write(out)
    train_together(Cluster(per_node=config.per_node), out, module=__name__)


def _list_weights(plan: CompressionPlan) -> list[str]:
    """Name the files that the phases of a plan leave."""
    names = [PRUNED]
    if plan.eight_bit_share:
        names.append(EIGHT_BIT)
    if plan.refinement_share:
        names.append(REFINEMENT)
    return names


def _open(teaching: Teaching, out: Path) -> FirstStageCompression:
    """Open the teacher and what is learnt from, on this process' device."""
    config, model = teaching.config, find_model(teaching.teacher)
    recipe = config.build_recipe(model.card)
    pool = divided(open_pool(config.source.nodule_pool, seed=config.seed), seed=config.seed)[0]
    chests = keep_chest_cases(out / "chests", count=recipe.chests) if recipe.chests else []
    material = Material(
        cases=[TrainingCase.load(out / name) for name in teaching.cases],
        pool=pool,
        chests=[TrainingCase.load(path) for path in chests],
    )
    return FirstStageCompression(
        load_to_teach(model),
        material,
        recipe,
        config.recipe.plan,
        out / TAUGHT,
        choose_device(),
    )


def _teach(teaching: Teaching, out: Path) -> None:
    stage = _open(teaching, out)
    first, plan = stage.run(), stage.plan
    if not plan.refinement_share:
        return
    if plan.eight_bit_share:
        first = load_student(stage.recipe, stage.out / EIGHT_BIT)
    compress_refinement_stage(
        stage.teacher,
        first,
        stage.material,
        stage.recipe,
        plan=plan,
        out=stage.out,
        device=stage.device,
    )


def main() -> None:
    """Join the other processes and teach."""
    out = Path(sys.argv[1])
    handler = LineHandler()
    handler.addFilter(FirstRankOnly())
    with join_processes(), own_log(handler):
        _teach(Teaching.read(out), out)


if __name__ == "__main__":
    main()
