"""A smaller second stage: taught by its teacher on what the smaller first stage offers."""

from __future__ import annotations

import copy
import logging
from pathlib import Path

import torch
from safetensors.torch import load_file

from medical.training.compressing.plan import CompressionPlan
from medical.training.fit import Material
from medical.training.lessons import Lessons, phase_config, save_weights
from medical.training.recipes import Recipe
from models.compression.pruning import count_parameters
from models.compression.small_refiner import DistilledRefinementStage
from models.detector.detector import Detector
from models.detector.refiner import Refiner, RefinerConfig
from models.training.ranks import Ranks
from models.training.two_stage import TwoStage

_log = logging.getLogger(__name__)

REFINEMENT = "refinement.safetensors"
_SEED = 31


def compress_refinement_stage(
    teacher: TwoStage,
    first: Detector,
    material: Material,
    recipe: Recipe,
    *,
    plan: CompressionPlan,
    out: Path,
    device: torch.device,
) -> Refiner:
    """Teach a small second stage; one that lies in ``out`` is taken. Of several ranks each calls.

    Args:
        teacher: both stages, on the CPU; unchanged.
        first: finds the candidates to learn on; unchanged.
        material: what is learnt from.
        recipe: that the teacher was taught by; its first phase makes the batches.
        plan: sizes, and how long.
        out: folder; ``refinement.safetensors`` is what is left.
        device: CPU or accelerator.

    Returns:
        The student in 32 bits, on the CPU.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / REFINEMENT
    if path.exists():
        return load_small_refiner(plan.refiner, path)
    torch.manual_seed(_SEED)
    student = plan.refiner.build()
    _log.info(
        f"second stage: {count_parameters(teacher.refiner)} weights to {count_parameters(student)}"
    )
    learner = DistilledRefinementStage(
        copy.deepcopy(first), student, teacher=copy.deepcopy(teacher.refiner).to(device)
    )
    config = phase_config(plan.seconds * plan.refinement_share, plan.learning_rate)
    taught = Lessons(material, recipe, device).teach(
        learner.to(device), config, out=out / "refinement", seed=_SEED
    )
    if Ranks.current().first:
        save_weights(taught.refiner, path)
    return taught.refiner.cpu().float().eval()


def load_small_refiner(config: RefinerConfig, weights: Path) -> Refiner:
    """Build a small second stage from the weights that its teaching left.

    Args:
        config: its sizes.
        weights: file.
    """
    refiner = config.build()
    refiner.load_state_dict(load_file(weights))
    return refiner.float().eval()
