"""Teach the shipped first stage on, with lungs bent, turned, crossed and made.

Run as ``python -m tests.benchmarks.train_detector DATA OUT [SECONDS]``; DATA is what
``shared_cases`` writes. ``OUT/detector.safetensors`` is the shipped model with another first stage;
its judge must be taught anew (``train_judge``). 0.5.0's was taught so for 1,170 s on one H200, by a
script from which this one was made.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from medical.synthesis.insertion.engine import NoduleEngine
from medical.synthesis.insertion.mixture import Mixture
from models.detector.detector import Detector
from models.detector.refiner import RefinerConfig
from models.training.first_stage import FirstStageOnly
from models.training.loop import LoopConfig
from models.zoo.loader import DEFAULT_MODEL, find_model
from models.zoo.networks import load_networks, save_networks
from tests.benchmarks.phantom_lungs import engine_of_data
from tests.benchmarks.teach import teach

MIXTURE = Mixture(large_mm=(10.0, 38.0))


def teach_detector(
    detector: Detector,
    engine: NoduleEngine,
    *,
    seconds: float,
    learning_rate: float,
    out: Path,
    device: torch.device,
) -> Detector:
    """Teach a first stage, begun or not, by itself; see ``teach``."""
    learner = FirstStageOnly(detector, RefinerConfig().build())
    learner.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    config = LoopConfig(seconds=seconds, learning_rate=learning_rate, weight_decay=0.05)
    return teach(learner, engine, config, out=out, device=device).detector


def main() -> None:
    """Teach and write; run again on the same OUT it goes on where it was cut off."""
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 1170.0
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(32)
    networks = load_networks(find_model(DEFAULT_MODEL))
    engine = engine_of_data(data, device=device, mixture=MIXTURE)
    networks.detector = teach_detector(
        networks.detector, engine, seconds=seconds, learning_rate=1.2e-3, out=out, device=device
    )
    save_networks(networks, out / "detector.safetensors")


if __name__ == "__main__":
    main()
