"""Teach the shipped first stage on, with lungs bent, turned, crossed and made.

Run as ``python -m tests.benchmarks.train_detector DATA OUT [SECONDS]``; DATA is what
``shared_cases`` writes. ``OUT/detector.safetensors`` is the shipped model with another first stage;
its judge must be taught anew (``train_judge``). 0.5.0's was taught so for 1,170 s on one H200, by a
script from which this one was made.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import torch

from medical.ct.insertion.mixture import Mixture
from models.training.first_stage import FirstStageOnly
from models.training.loop import LoopConfig, train
from models.training.prefetch import Prefetch
from models.zoo.loader import DEFAULT_MODEL, find_model
from models.zoo.networks import load_networks, save_networks
from tests.benchmarks.phantom_lungs import BATCH, engine_with_phantoms

MIXTURE = Mixture(large_mm=(10.0, 38.0))


def main() -> None:
    """Teach and write; run again on the same OUT it goes on where it was cut off."""
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 1170.0
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(32)
    networks = load_networks(find_model(DEFAULT_MODEL))
    learner = FirstStageOnly(networks.detector, networks.refiner).to(device)
    learner.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    engine = engine_with_phantoms(data, device=device, mixture=MIXTURE)
    out.mkdir(parents=True, exist_ok=True)
    config = LoopConfig(seconds=seconds, learning_rate=1.2e-3, weight_decay=0.05)
    say = partial(print, file=sys.stderr, flush=True)
    with Prefetch(partial(engine.batch, BATCH), device=device) as batches:
        average = train(learner, learner.losses, batches, config, out=out, device=device, say=say)
    taught = average.module.cpu().eval()
    assert isinstance(taught, FirstStageOnly)
    save_networks(taught, out / "detector.safetensors")


if __name__ == "__main__":
    main()
