"""Adapt a model's statistics and features to unlabelled lungs, through the project's one loop.

First encoder and pyramid reconstruct what was masked of the lungs (no label is needed), then the
first stage finds nodules that are inserted into them, then batch-norm statistics are adapted. The
refinement stage's weights do not move: taught on inserted nodules alone it would come to know
insertion.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.engine import NoduleEngine, UnlabelledPatches
from medical.synthesis.nodules.pool import NodulePool
from medical.training.config import AdaptConfig
from models.training.batch_norm import renew_statistics
from models.training.loop import LoopConfig, train
from models.training.prefetch import Prefetch
from models.training.pretraining import MaskedReconstruction
from models.training.two_stage import FirstStageOnly, TwoStage

_log = logging.getLogger(__name__)

RECONSTRUCTION_SHARE = 1 / 3  # of the time; the rest is detection
LEARNING_RATE = 2e-4  # a seventh of training from nothing: the features are good already
STATISTICS_BATCHES = 32


def loop_config(config: AdaptConfig, share: float) -> LoopConfig:
    """Configure the loop for a part that takes this share of the time."""
    return LoopConfig(
        seconds=config.budget.seconds * share,
        steps=config.budget.steps,
        learning_rate=LEARNING_RATE,
        warmup_steps=50,
    )


def learn_features(
    networks: TwoStage,
    cases: Sequence[TrainingCase],
    pool: NodulePool,
    *,
    config: AdaptConfig,
    channels: int,
    out: Path,
    device: torch.device,
) -> TwoStage:
    """Masked reconstruction, then detection; goes on where an earlier start was cut off.

    Args:
        networks: of the old model; changed in place.
        cases: unlabelled lungs with their pseudo-labels as ignore regions.
        pool: nodules to insert.
        config: how long, on which patches.
        channels: of the detector's pyramid.
        out: folder of both runs' checkpoints and logs.
        device: where to learn.

    Returns:
        The averaged weights, on the CPU, in evaluation mode.

    Raises:
        ValueError: a checkpoint in ``out`` belongs to another network.
    """
    count, patch = config.patches.count, config.patches.patch
    networks.to(device)
    torch.manual_seed(config.seed)
    _log.info("Pretraining by masked reconstruction")
    paint = MaskedReconstruction(networks.detector, channels=channels).to(device)
    patches = UnlabelledPatches(list(cases), device=device, patch=patch)
    learnt = _run(paint, partial(patches.batch, count), loop_config(config, RECONSTRUCTION_SHARE),
                  out / "reconstruction", device)  # fmt: skip
    paint.load_state_dict(learnt.state_dict())
    del patches
    torch.manual_seed(config.seed + 1)
    _log.info("Training the first stage on inserted nodules")
    first = FirstStageOnly(networks.detector, networks.refiner)
    engine = NoduleEngine(
        list(cases), pool, device=device, patch=config.patches.patch, seed=config.seed
    )
    of_time = loop_config(config, 1 - RECONSTRUCTION_SHARE)
    learnt = _run(first, partial(engine.batch, count), of_time, out / "detection", device)
    networks.load_state_dict(learnt.state_dict())
    return networks.requires_grad_(True).cpu().eval()


def learn_statistics(
    networks: TwoStage,
    cases: Sequence[TrainingCase],
    pool: NodulePool,
    *,
    config: AdaptConfig,
    known_cts: int,
    device: torch.device,
) -> TwoStage:
    """Adapt batch-norm statistics of both stages, in place; weights do not move.

    Patches are made as in training, so that what differs from the old statistics is the lungs and
    not the variation that training adds. The old statistics weigh as many CTs as they came from.

    Args:
        networks: of the old model, or what it was adapted to.
        cases: unlabelled lungs.
        pool: nodules to insert.
        config: patches and seed of it.
        known_cts: CTs that the old statistics came from; at least one is taken.
        device: where to run.

    Returns:
        The networks, on the CPU, in evaluation mode.
    """
    torch.manual_seed(config.seed + 2)
    networks.to(device)
    engine = NoduleEngine(
        list(cases), pool, device=device, patch=config.patches.patch, seed=config.seed
    )
    share = len(cases) / (len(cases) + max(1, known_cts))
    renew_statistics(
        networks,
        lambda: networks.losses(engine.batch(config.patches.count)),
        batches=STATISTICS_BATCHES,
        share=share,
    )
    return networks.cpu().eval()


def _run(
    module: MaskedReconstruction | TwoStage,
    batches: Callable[[], Any],
    config: LoopConfig,
    out: Path,
    device: torch.device,
) -> nn.Module:
    out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        source = batches
        if device.type == "cuda":
            source = stack.enter_context(Prefetch(batches, device=device))
        average = train(module, module.losses, source, config, out=out, device=device)
    return average.module
