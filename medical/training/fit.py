"""Fit both stages on cases: the training that `starlung retrain` runs, on any device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import torch
from torch import nn

from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.batch import TrainingBatch
from medical.synthesis.insertion.engine import NoduleEngine
from medical.synthesis.nodules.pool import NodulePool
from medical.training.batches import StagedBatches
from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.distributed.survey import survey
from models.training.curriculum import Curriculum, Stage
from models.training.joint import TwoStage
from models.training.log import Events
from models.training.loop import Communication, LoopConfig, train
from models.training.ranks import Ranks
from models.zoo.loader import StoredModel
from models.zoo.networks import load_networks


def fit(
    cases: list[TrainingCase],
    pool: NodulePool,
    *,
    out: Path,
    seconds: float,
    device: torch.device,
    say: Callable[[str], None],
    batch: int = 32,
    patch: int = 96,
    start_from: StoredModel | None = None,
    seed: int = 0,
    steps: int | None = None,
    validation: Sequence[TrainingCase] = (),
    patience: int | None = None,
    events: Events | None = None,
    communication: Communication | None = None,
    curriculum: Curriculum | None = None,
) -> TwoStage:
    """Train both stages for ``seconds``; resumes from ``out`` where a run was cut off.

    Of several ranks each calls this and draws batches of its own.

    Args:
        cases: real lungs with their lesions.
        pool: nodules to insert.
        out: folder for checkpoint and log.
        seconds: budget of training time over all resumptions.
        device: CPU or accelerator.
        say: told one line now and then.
        batch: patches a step, a multiple of 4.
        patch: edge of a patch, millimetres, a multiple of 16.
        start_from: model whose weights to begin with.
        seed: of weights and batches.
        steps: budget of steps, beside ``seconds``; makes a run repeatable to the bit on the CPU.
        validation: cases that are not trained on, to choose the best weights by their loss.
        patience: validations without a lower loss that end the run.
        events: told step and mean losses, for TensorBoard.
        communication: between ranks, instead of DDP's all-reduce.
        curriculum: stages; their steps are the budget where ``steps`` is not given.

    Returns:
        The averaged weights, on the CPU.
    """
    ranks = Ranks.current()
    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = True
    if start_from is None:
        model = TwoStage(DetectorConfig().build(), RefinerConfig().build())
    else:
        model = load_networks(start_from)
    model.to(device)
    model.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    if ranks.world > 1:
        told = survey(model, device)
        for line in told if ranks.first else ():
            say(line)
    if curriculum is not None:
        steps = min(steps or curriculum.steps, curriculum.steps)
    staged = StagedBatches(
        cases,
        pool,
        curriculum or Curriculum(stages=(Stage(name="all", steps=1),)),
        device=device,
        batch=batch,
        patch=patch,
        seed=seed,
    )
    judge = held_back_loss(validation, pool, device=device, batch=batch, patch=patch, seed=seed)
    if ranks.world > 1:  # the same weights on every rank, other batches
        torch.manual_seed(seed + 1000 * (ranks.rank + 1))
    with ExitStack() as stack:
        batches = stack.enter_context(staged)
        batches.seek(0)
        average = train(
            model,
            model.losses,
            batches,
            LoopConfig(seconds=seconds, steps=steps, patience=patience),
            out=out,
            device=device,
            say=say,
            communication=communication,
            validate=_settled(batches, judge) if validation else None,
            events=events,
            curriculum=curriculum,
        )
    trained = average.module.cpu().eval()
    return cast(TwoStage, trained)


def _settled(
    ahead: StagedBatches, judge: Callable[[nn.Module], float]
) -> Callable[[nn.Module], float]:
    """Judge while no batch is being made: both draw from torch's own generators."""

    def settled(module: nn.Module) -> float:
        ahead.settle()
        return judge(module)

    return settled


def held_back_loss(
    cases: Sequence[TrainingCase],
    pool: NodulePool,
    *,
    device: torch.device,
    batch: int,
    patch: int,
    seed: int,
    batches: int = 8,
) -> Callable[[nn.Module], float]:
    """Mean loss on the same few batches of cases that are not trained on, whenever it is asked.

    Drawing and judging leave torch's generators as they were.
    """
    devices = [device] if device.type == "cuda" else []
    made: list[TrainingBatch] = []

    @torch.no_grad()
    def judge(module: nn.Module) -> float:
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

    return judge
