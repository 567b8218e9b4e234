"""Fit both stages on cases: the training that `starlung retrain` runs, on any device."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch

from medical.ct.insertion.engine import NoduleEngine
from medical.ct.insertion.pool import NodulePool
from medical.retraining.cases import TrainingCase
from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.training.joint import TwoStage
from models.training.loop import LoopConfig, train
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
) -> TwoStage:
    """Train both stages for ``seconds``; resumes from ``out`` where a run was cut off.

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

    Returns:
        The averaged weights, on the CPU.
    """
    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = True
    model = TwoStage(DetectorConfig().build(), RefinerConfig().build())
    if start_from is not None:
        model.load_state_dict(load_networks(start_from).state_dict())
    model.to(device)
    model.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    engine = NoduleEngine(cases, pool, device=device, patch=patch, seed=seed)
    average = train(
        model,
        model.losses,
        lambda: engine.batch(batch),
        LoopConfig(seconds=seconds),
        out=out,
        device=device,
        say=say,
    )
    trained = average.module.cpu().eval()
    return cast(TwoStage, trained)
