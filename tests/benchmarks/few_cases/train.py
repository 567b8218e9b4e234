"""Train one arm: ``... few_cases.train DATA OUT CASES pretrained|plain STEPS [SEED]``.

DATA is what ``tests.benchmarks.shared.cases`` writes, CASES how many scans are labelled. Both ways
take STEPS steps of the nodule engine on the labelled scans; pretraining takes as many steps of
masked reconstruction before them, on all lungs that are not from where the scored ones are.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from models.training.loop import LoopConfig
from models.training.two_stage import TwoStage
from tests.benchmarks.ablations.train import BATCH, PATCH, read_data, store, train_variant
from tests.benchmarks.ablations.variants import VARIANTS
from tests.benchmarks.few_cases.plan import PRETRAINED, Arm, divide


def train_arm(
    arm: Arm,
    cases: list[TrainingCase],
    pool: NodulePool,
    *,
    config: LoopConfig,
    out: Path,
    device: torch.device,
    batch: int = BATCH,
    patch: int = PATCH,
) -> TwoStage:
    """Train both stages on the arm's labelled scans; the averaged weights, on the CPU.

    Args:
        arm: what to train.
        cases: all training scans.
        pool: nodules to insert.
        config: budget of the training, and of the pretraining again.
        out: folder of the run.
        device: where it trains.
        batch: patches a step.
        patch: their edge, millimetres.
    """
    labelled, unlabelled = divide(cases, arm)
    return train_variant(
        VARIANTS["pretrained" if arm.way == PRETRAINED else "full"],
        labelled,
        pool,
        config=config,
        out=out,
        device=device,
        unlabelled=unlabelled,
        seed=arm.seed,
        batch=batch,
        patch=patch,
    )


def main() -> None:
    """Train and write the weights."""
    data, out, count, way, steps, *seed = sys.argv[1:]
    arm = Arm(int(count), way.lower(), int(seed[0]) if seed else 1)
    cases, pool = read_data(Path(data))
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    networks = train_arm(
        arm,
        cases,
        pool,
        config=LoopConfig(steps=int(steps)),
        out=folder / arm.name,
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
    )
    store(networks, folder / f"{arm.name}.safetensors")


if __name__ == "__main__":
    main()
