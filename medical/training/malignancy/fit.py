"""Teach StarNet by the shared training loop: the usual design first, then the small one from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from torch import nn

from medical.training.malignancy.batches import ReadingBatches
from medical.training.malignancy.cache import TokenCache
from medical.training.malignancy.nodules import RatedNodule
from models.starnet.config import StarNetConfig
from models.starnet.network import StarNet
from models.starnet.spectrum import ranks_of, start_from
from models.starnet.tokenizer import Tokenizer
from models.training.config import LoopConfig
from models.training.curriculum import Curriculum, Stage, read_curriculum
from models.training.loop import train
from models.training.two_modalities import ReadingTask, ReadingWeights

RECIPE = Path(__file__).parents[3] / "models" / "zoo" / "recipes" / "starnet"
ENERGY = 0.6
"""Of the spectrum that low rank keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """What a network is taught with.

    Args:
        nodules: of the whole collection.
        tokens: theirs.
        rows: of those that are trained on.
        tokenizer: cuts the words.
        seed: of weights and draws.
        size: nodules of a batch.
        learning_rate: peak.
        weight_decay: of AdamW.
    """

    nodules: Sequence[RatedNodule]
    tokens: TokenCache
    rows: Int[np.ndarray, " n"]
    tokenizer: Tokenizer
    seed: int = 22
    size: int = 32
    learning_rate: float = 3e-3
    weight_decay: float = 0.05

    def only(self, rows: Int[np.ndarray, " n"]) -> Lessons:
        """Return the same with other nodules."""
        return replace(self, rows=rows)


def fit(
    network: StarNet,
    lessons: Lessons,
    curriculum: Curriculum,
    *,
    out: Path,
    teacher: StarNet | None = None,
    weights: ReadingWeights | None = None,
) -> StarNet:
    """Train a network and return its averaged weights, in evaluation mode.

    Args:
        network: learns, in place.
        lessons: what with.
        curriculum: stages.
        out: folder of checkpoints and log; a run that was cut off goes on from there.
        teacher: beside it.
        weights: of the parts of the loss.
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(lessons.seed)
    task = ReadingTask(network, weights=weights or ReadingWeights(), teacher=teacher)
    batches = ReadingBatches(
        lessons.nodules,
        lessons.tokens,
        lessons.rows,
        tokenizer=lessons.tokenizer,
        curriculum=curriculum,
        size=lessons.size,
        most=network.config.max_tokens,
        seed=lessons.seed,
    )
    config = LoopConfig(
        steps=curriculum.steps,
        learning_rate=lessons.learning_rate,
        weight_decay=lessons.weight_decay,
        warmup_steps=min(50, curriculum.steps // 4),
        lose_at_most_seconds=180,
    )
    average = train(
        task, task.losses, batches, config,
        out=out, device=torch.device("cpu"), curriculum=curriculum,
    )  # fmt: skip
    return task_network(average.module).eval().requires_grad_(False)


def fit_teacher(config: StarNetConfig, lessons: Lessons, *, out: Path) -> StarNet:
    """Train the usual design of that width by the whole curriculum."""
    torch.manual_seed(lessons.seed)
    network = StarNet(config.standard())
    standardise(network, lessons)
    return fit(network, lessons, read_curriculum(RECIPE), out=out)


def fit_student(
    config: StarNetConfig,
    teacher: StarNet,
    lessons: Lessons,
    *,
    out: Path,
    energy: float | None = ENERGY,
    distil: bool = True,
    dynamic: bool = True,
) -> StarNet:
    """Train StarNet from a teacher: ranks by its spectrum, its weights cut to them, its answers.

    Args:
        config: of StarNet; its ranks are chosen here.
        teacher: trained on the same nodules.
        lessons: what with.
        out: folder of the run.
        energy: of the spectrum to keep; ``None`` keeps full rank.
        distil: whether the teacher's answers are learned beside the truth.
        dynamic: whether queries are chosen.
    """
    ranks = ranks_of(teacher, energy=energy) if energy is not None else {}
    ranked = replace(config, dynamic=dynamic, ranks=ranks)
    torch.manual_seed(lessons.seed)
    student = start_from(ranked, teacher)
    last = joint_stage()
    return fit(
        student, lessons, Curriculum(stages=(last,)), out=out, teacher=teacher if distil else None
    )


def joint_stage() -> Stage:
    """Return the curriculum's last stage, with which a student is taught too."""
    return read_curriculum(RECIPE).stages[-1]


def standardise(network: StarNet, lessons: Lessons) -> None:
    """Take means and deviations of the tokens from the nodules that are trained on."""
    rows = lessons.rows
    network.image.standardise(lessons.tokens.pick(rows, np.zeros(len(rows), int)))


def task_network(module: nn.Module) -> StarNet:
    """Return the network inside a task."""
    network = module.network
    if not isinstance(network, StarNet):
        raise TypeError(f"no StarNet: {type(network).__name__}")
    return network
