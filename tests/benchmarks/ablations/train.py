"""Train one variant: ``python -m tests.benchmarks.ablations.train DATA OUT VARIANT STEPS SEED``.

DATA is what ``tests.benchmarks.shared.cases`` writes. Every variant gets the same number of steps,
the same seeds, the same schedule; pretraining comes on top of it, and is said with the figure.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from medical.logs import LineHandler, own_log
from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.engine import NoduleEngine, TrainingBatch, UnlabelledPatches
from medical.synthesis.nodules.pool import NodulePool
from models.training.loop import LoopConfig, train
from models.training.prefetch import Prefetch
from models.training.pretraining import MaskedReconstruction
from models.training.two_stage import TwoStage
from models.zoo.networks import save_networks
from tests.benchmarks.ablations.variants import VARIANTS, Variant

BATCH, PATCH = 32, 80
SEEDS = (1, 2, 3)


def train_variant(
    variant: Variant,
    cases: list[TrainingCase],
    pool: NodulePool,
    *,
    config: LoopConfig,
    out: Path,
    device: torch.device,
    pretraining: LoopConfig | None = None,
    unlabelled: list[TrainingCase] | None = None,
    seed: int = SEEDS[0],
    batch: int = BATCH,
    patch: int = PATCH,
) -> TwoStage:
    """Train a variant from nothing; the averaged weights, on the CPU.

    Args:
        variant: what is changed.
        cases: real lungs.
        pool: nodules to insert.
        config: budget of the training.
        out: folder of the run.
        device: where it trains.
        pretraining: budget of the pretraining, where the variant has one; as ``config`` otherwise.
        unlabelled: lungs of the pretraining; ``cases`` otherwise.
        seed: of the weights and of what is drawn.
        batch: patches a step.
        patch: their edge, millimetres.
    """
    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = True
    networks = variant.build().to(device)
    networks.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    used = [case for case in cases if not any(name in case.name for name in variant.without)]
    engine = NoduleEngine(
        used, pool, device=device, patch=patch, augmentation=variant.augmentation, seed=seed
    )
    if variant.pretrained:
        pretrain(
            networks,
            variant,
            unlabelled or used,
            config=pretraining or config,
            out=out,
            device=device,
            batch=batch,
            patch=patch,
        )
    with ExitStack() as stack:
        batches: Callable[[], TrainingBatch] = partial(engine.batch, batch)
        if device.type == "cuda":
            batches = stack.enter_context(Prefetch(batches, device=device))
        average = _run(networks, batches, config, out, device)
    trained = average.cpu().eval()
    assert isinstance(trained, TwoStage)
    return trained


def pretrain(
    networks: TwoStage,
    variant: Variant,
    cases: list[TrainingCase],
    *,
    config: LoopConfig,
    out: Path,
    device: torch.device,
    batch: int = BATCH,
    patch: int = PATCH,
) -> None:
    """Teach the detector's encoder and pyramid, in place, to paint what was hidden of the cases."""
    patches = UnlabelledPatches(cases, device=device, patch=patch)
    paint = MaskedReconstruction(networks.detector, channels=variant.detector.channels).to(device)
    learnt = _run(paint, partial(patches.batch, batch), config, out / "pretraining", device)
    paint.load_state_dict(learnt.state_dict())


def _run(
    module: TwoStage | MaskedReconstruction,
    batches: Callable[[], Any],
    config: LoopConfig,
    out: Path,
    device: torch.device,
) -> nn.Module:
    out.mkdir(parents=True, exist_ok=True)
    average = train(module, module.losses, batches, config, out=out, device=device)
    return average.module


def read_data(data: Path) -> tuple[list[TrainingCase], NodulePool]:
    """Read what ``tests.benchmarks.shared.cases`` wrote."""
    cases = [TrainingCase.load(path) for path in sorted((data / "cases").glob("*.npz"))]
    return cases, NodulePool.load(data / "pool.npz")


def store(networks: TwoStage, path: Path) -> None:
    """Write the weights so that a file of that name is always whole."""
    part = path.with_suffix(".part")
    save_networks(networks, part)
    part.replace(path)


def main() -> None:
    """Train and write the weights."""
    data, out, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    steps, seed = int(sys.argv[4]), int(sys.argv[5])
    cases, pool = read_data(data)
    out.mkdir(parents=True, exist_ok=True)
    networks = train_variant(
        VARIANTS[name],
        cases,
        pool,
        config=LoopConfig(steps=steps),
        out=out / f"{name}-{seed}",
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
        seed=seed,
    )
    store(networks, out / f"{name}-{seed}.safetensors")


if __name__ == "__main__":
    with own_log(LineHandler()):
        main()
