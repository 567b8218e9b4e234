"""Train a fold: ``python -m tests.benchmarks.leave_out.train DATA OUT FOLD [SECONDS]``.

DATA is what ``leave_out.data`` wrote. ``OUT/FOLD.safetensors`` are both stages, from nothing: a
first stage as wide as the shipped one, taught as ``train_detector`` teaches, and a second stage
taught as ``train_judge`` does. The figures of 2026-11-26 had 1,180 s and 75 s on one H200 each.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from models.detector.detector import DetectorConfig
from models.zoo.networks import save_networks
from tests.benchmarks.leave_out.folds import FOLDS
from tests.benchmarks.phantom_lungs import engine_of, phantom_lungs
from tests.benchmarks.train_detector import MIXTURE as FIRST_MIXTURE
from tests.benchmarks.train_detector import teach_detector
from tests.benchmarks.train_judge import MIXTURE as JUDGE_MIXTURE
from tests.benchmarks.train_judge import teach_judge

FIRST_STAGE = DetectorConfig(widths=(24, 72, 144, 192), channels=72)
JUDGE_SECONDS = 75.0
LEARNING_RATE = 1.5e-3
SEED = 41


def main() -> None:
    """Train and write; run again on the same OUT it goes on where it was cut off."""
    data, out, fold = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 1180.0
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    every = [TrainingCase.load(path) for path in sorted((data / "cases").glob("*.npz"))]
    cases = [case for case in every if case.name not in FOLDS[fold]]
    made, pool = phantom_lungs(), NodulePool.load(data / "pool.npz")
    torch.manual_seed(SEED)
    engine = engine_of(cases, made, pool, device=device, mixture=FIRST_MIXTURE)
    detector = teach_detector(
        FIRST_STAGE.build(),
        engine,
        seconds=seconds,
        learning_rate=LEARNING_RATE,
        out=out / fold / "detector",
        device=device,
    )
    engine = engine_of(cases, made, pool, device=device, mixture=JUDGE_MIXTURE)
    networks = teach_judge(
        detector, engine, seconds=JUDGE_SECONDS, out=out / fold / "judge", device=device
    )
    part = out / f"{fold}.part"
    save_networks(networks, part)
    part.replace(out / f"{fold}.safetensors")


if __name__ == "__main__":
    main()
