"""Train one variant: ``python -m tests.benchmarks.ablations.train DATA OUT VARIANT STEPS``.

DATA is what ``tests.benchmarks.shared_cases`` writes. Every variant gets the same number of steps,
the same seed, the same schedule.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import torch

from medical.ct.insertion.engine import NoduleEngine
from medical.ct.insertion.pool import NodulePool
from medical.retraining.cases import TrainingCase
from models.training.joint import TwoStage
from models.training.loop import LoopConfig, train
from models.zoo.networks import save_networks
from tests.benchmarks.ablations.variants import VARIANTS, Variant

BATCH, PATCH = 32, 80
SEED = 1


def train_variant(
    variant: Variant,
    cases: list[TrainingCase],
    pool: NodulePool,
    *,
    config: LoopConfig,
    out: Path,
    device: torch.device,
) -> TwoStage:
    """Train a variant from nothing; the averaged weights, on the CPU."""
    torch.manual_seed(SEED)
    torch.backends.cudnn.benchmark = True
    networks = variant.build().to(device)
    networks.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    used = [case for case in cases if not any(name in case.name for name in variant.without)]
    engine = NoduleEngine(
        used, pool, device=device, patch=PATCH, mixture=variant.mixture, seed=SEED
    )
    average = train(
        networks,
        networks.losses,
        partial(engine.batch, BATCH),
        config,
        out=out,
        device=device,
        say=lambda line: print(line, file=sys.stderr),
    )
    trained = average.module.cpu().eval()
    assert isinstance(trained, TwoStage)
    return trained


def main() -> None:
    """Train and write the weights."""
    data, out, name, steps = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    cases = [TrainingCase.load(path) for path in sorted((data / "cases").glob("*.npz"))]
    pool = NodulePool.load(data / "pool.npz")
    out.mkdir(parents=True, exist_ok=True)
    networks = train_variant(
        VARIANTS[name],
        cases,
        pool,
        config=LoopConfig(steps=steps),
        out=out / name,
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
    )
    save_networks(networks, out / f"{name}.safetensors")


if __name__ == "__main__":
    main()
