"""Teach one stage on what an engine makes: what the trainings of both stages share."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import torch

from medical.synthesis.insertion.engine import NoduleEngine
from models.training.joint import TwoStage
from models.training.loop import LoopConfig, train
from models.training.prefetch import Prefetch
from tests.benchmarks.phantom_lungs import BATCH


def teach(
    learner: TwoStage, engine: NoduleEngine, config: LoopConfig, *, out: Path, device: torch.device
) -> TwoStage:
    """Teach; goes on where an earlier start on ``out`` was cut off.

    Args:
        learner: what its losses teach; changed in place.
        engine: makes what it learns from.
        config: budget and optimizer.
        out: folder of checkpoints and log.
        device: where to learn.

    Returns:
        The averaged weights, on the CPU, in evaluation mode.
    """
    learner.to(device)
    out.mkdir(parents=True, exist_ok=True)
    say = partial(print, file=sys.stderr, flush=True)
    with Prefetch(partial(engine.batch, BATCH), device=device) as batches:
        average = train(learner, learner.losses, batches, config, out=out, device=device, say=say)
    taught = average.module.cpu().eval()
    assert isinstance(taught, TwoStage)
    return taught
