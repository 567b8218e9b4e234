"""Teach the shipped second stage's judge anew, on the shipped detector.

Run as ``python -m tests.benchmarks.train_judge DATA OUT [SECONDS]``; DATA is what ``shared_cases``
writes. ``OUT/judged.safetensors`` is the shipped model with another judge. 0.5.0's was taught so
for 75 s on one H200, by a script from which this one was made; taught for minutes it finds more of
the cubes' nodules and fewer of others (docs/training.md).
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from medical.synthesis.insertion.engine import NoduleEngine
from medical.synthesis.insertion.mixture import Mixture
from models.detector.detector import Detector
from models.detector.refiner import RefinerConfig
from models.training.joint import JudgeOnly, TwoStage
from models.training.loop import LoopConfig
from models.zoo.loader import DEFAULT_MODEL, find_model
from models.zoo.networks import load_networks, save_networks
from tests.benchmarks.phantom_lungs import engine_of_data
from tests.benchmarks.teach import teach

SMOOTHING, DROPOUT, WEIGHT_DECAY = 0.05, 0.5, 0.1
MIXTURE = Mixture(cube_share=0.5, wide_share=0.75, fake_share=0.1, large_mm=(10.0, 38.0))
TRUNK = ("near", "context", "hidden1", "hidden2", "out")


def with_judge(networks: TwoStage, judge: TwoStage) -> TwoStage:
    """The networks with another's second stage as their judge, in place."""
    own = {
        name: value
        for name, value in judge.refiner.state_dict().items()
        if name.split(".")[0] in TRUNK
    }
    if networks.refiner.own is None:
        raise ValueError("these networks have no judge of its own")
    networks.refiner.own.load_state_dict(own)
    return networks


def teach_judge(
    detector: Detector, engine: NoduleEngine, *, seconds: float, out: Path, device: torch.device
) -> TwoStage:
    """Teach a second stage from nothing on a first one that stays as it is; see ``teach``."""
    learner = JudgeOnly(detector, RefinerConfig(dropout=DROPOUT).build(), smoothing=SMOOTHING)
    config = LoopConfig(seconds=seconds, weight_decay=WEIGHT_DECAY, warmup_steps=100)
    return teach(learner, engine, config, out=out, device=device)


def main() -> None:
    """Teach and write."""
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 75.0
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(21)
    detector = load_networks(find_model(DEFAULT_MODEL)).detector
    engine = engine_of_data(data, device=device, mixture=MIXTURE)
    taught = teach_judge(detector, engine, seconds=seconds, out=out, device=device)
    networks = load_networks(find_model(DEFAULT_MODEL))
    save_networks(with_judge(networks, taught), out / "judged.safetensors")


if __name__ == "__main__":
    main()
