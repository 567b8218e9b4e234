"""Fit both stages on cases, a phase after the other: what ``starlung retrain`` trains by."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import nn

from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.engine import NoduleEngine, TrainingBatch
from medical.synthesis.nodules.pool import NodulePool
from medical.training.batches import StagedBatches
from medical.training.config import RunConfig
from medical.training.recipes import Phase
from models.training.log import Events
from models.training.loop import Communication, LoopConfig, train
from models.training.ranks import Ranks
from models.training.two_stage import FirstStageOnly, RefinementStageOnly, TwoStage

_log = logging.getLogger(__name__)

VALIDATION_BATCHES = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """What is learnt from.

    Args:
        cases: real lungs with their lesions.
        pool: nodules to insert.
        validation: cases that are not trained on, to choose the best weights by.
        chests: synthetic lungs without nodules.
    """

    cases: Sequence[TrainingCase]
    pool: NodulePool
    validation: Sequence[TrainingCase] = ()
    chests: Sequence[TrainingCase] = ()


def fit(
    config: RunConfig,
    material: Material,
    *,
    out: Path,
    device: torch.device,
    start: Callable[[], TwoStage] | None = None,
    events: Events | None = None,
    communication: Callable[[], Communication] | None = None,
) -> TwoStage:
    """Train the phases of a run; resumes from ``out`` where it was cut off.

    Of several ranks each calls this and draws batches of its own.

    Args:
        config: of the run.
        material: what is learnt from.
        out: folder for checkpoints and logs; of several phases each has its own below it.
        device: CPU or accelerator.
        start: makes the networks to begin with, after random numbers were seeded, which building
            networks draws from; random ones where not given.
        events: told step and mean losses, for TensorBoard.
        communication: makes what carries a phase's gradients, instead of DDP's all-reduce.

    Returns:
        The averaged weights, on the CPU, in evaluation mode.

    Raises:
        ValueError: a checkpoint in ``out`` belongs to another network.
    """
    recipe = config.recipe
    torch.manual_seed(recipe.seed)
    torch.backends.cudnn.benchmark = True
    model = start() if start else TwoStage(recipe.detector.build(), recipe.refiner.build())
    teacher = _Teacher(config, material, device, events, communication)
    for number, phase in enumerate(recipe.phases):
        folder = out
        if len(recipe.phases) > 1:
            _log.info(f"phase {number + 1} of {len(recipe.phases)}: {phase.name}")
            folder = out / phase.name
            folder.mkdir(parents=True, exist_ok=True)
        if number:
            torch.manual_seed(recipe.seed + number)
        trained = teacher.teach(learner_of(model, phase), phase, out=folder)
        model = TwoStage(trained.detector, trained.refiner).requires_grad_(True)
    return model.cpu().eval()


def learner_of(model: TwoStage, phase: Phase) -> TwoStage:
    """Return the module whose losses teach what a phase learns."""
    if phase.learns == "first-stage":
        return FirstStageOnly(model.detector, model.refiner)
    if phase.learns == "refinement-stage":
        return RefinementStageOnly(model.detector, model.refiner, smoothing=phase.smoothing)
    return TwoStage(model.detector, model.refiner, smoothing=phase.smoothing)


def compile_first_stage(learner: TwoStage, device: torch.device) -> None:
    """Compile the first stage in its place, on an accelerator."""
    if device.type == "cuda":
        # of several ranks too the detector is one graph: not cut where DDP's buckets end
        torch._dynamo.config.optimize_ddp = False  # noqa: SLF001 (its documented name)
        learner.detector.compile()


def loop_config(config: RunConfig, phase: Phase) -> LoopConfig:
    """Budget and optimizer of a phase."""
    budget, curriculum = config.recipe.budget, config.curriculum
    steps = budget.steps
    if steps is not None:
        steps = max(1, round(steps * phase.share))
    if curriculum is not None:
        steps = min(steps or curriculum.steps, curriculum.steps)
    return LoopConfig(
        seconds=budget.seconds * phase.share,
        steps=steps,
        patience=budget.patience,
        learning_rate=phase.learning_rate,
        weight_decay=phase.weight_decay,
        warmup_steps=phase.warmup_steps,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Teacher:
    """What the phases of a run share."""

    config: RunConfig
    material: Material
    device: torch.device
    events: Events | None
    communication: Callable[[], Communication] | None

    def teach(self, learner: TwoStage, phase: Phase, *, out: Path) -> TwoStage:
        """Train one phase; the averaged weights, on the CPU."""
        learner.to(self.device)
        learner.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        if phase.compiled:
            compile_first_stage(learner, self.device)
        staged = self._batches(phase)
        validate = self._validation_loss()
        if (ranks := Ranks.current()).world > 1:  # the same weights on every rank, other batches
            torch.manual_seed(self.config.recipe.seed + 1000 * (ranks.rank + 1))
        with ExitStack() as stack:
            batches = stack.enter_context(staged)
            batches.seek(0)
            average = train(
                learner,
                learner.losses,
                batches,
                loop_config(self.config, phase),
                out=out,
                device=self.device,
                communication=self.communication() if self.communication else None,
                validate=_settled(batches, validate) if self.material.validation else None,
                events=self.events,
                curriculum=self.config.curriculum,
            )
        return cast(TwoStage, average.module.cpu().eval())

    def _batches(self, phase: Phase) -> StagedBatches:
        recipe, material = self.config.recipe, self.material
        return StagedBatches(
            material.cases,
            material.pool,
            self.config.curriculum or phase.curriculum,
            device=self.device,
            batch=recipe.patches.count,
            patch=recipe.patches.patch,
            seed=recipe.seed,
            chests=material.chests,
            chest_share=recipe.chest_share,
            echoes=phase.echoes,
        )

    def _validation_loss(self) -> Callable[[nn.Module], float]:
        recipe = self.config.recipe
        return make_validation_loss(
            self.material.validation,
            self.material.pool,
            device=self.device,
            batch=recipe.patches.count,
            patch=recipe.patches.patch,
            seed=recipe.seed,
        )


def _settled(
    ahead: StagedBatches, validate: Callable[[nn.Module], float]
) -> Callable[[nn.Module], float]:
    """Validate while no batch is being made: both draw from torch's own generators."""

    def settled(module: nn.Module) -> float:
        ahead.settle()
        return validate(module)

    return settled


def make_validation_loss(
    cases: Sequence[TrainingCase],
    pool: NodulePool,
    *,
    device: torch.device,
    batch: int,
    patch: int,
    seed: int,
    batches: int = VALIDATION_BATCHES,
) -> Callable[[nn.Module], float]:
    """Mean loss on the same few batches of cases that are not trained on, whenever it is asked.

    Drawing and classifier_features leave torch's generators as they were.
    """
    devices = [device] if device.type == "cuda" else []
    made: list[TrainingBatch] = []

    @torch.no_grad()
    def validation_loss(module: nn.Module) -> float:
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed + 7)
            if not made:
                engine = NoduleEngine(list(cases), pool, device=device, patch=patch, seed=seed + 7)
                made.extend(engine.batch(batch) for _ in range(batches))
            total = 0.0
            for each in made:
                parts = cast(TwoStage, module).losses(each)
                total += sum(float(part) for part in parts.values())
        return total / batches

    return validation_loss
