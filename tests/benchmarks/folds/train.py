"""Teach a fold: ``python -m tests.benchmarks.folds.train DATA OUT FOLD SECONDS [SEED]``.

DATA is what ``folds.data`` wrote. ``OUT/FOLD.safetensors`` are both stages, from nothing or, where
there is one, from ``DATA/start/FOLD.safetensors``, which another run for the same fold left. Run
again on the same OUT it goes on where it was cut off.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file

from medical.synthesis.case import TrainingCase
from medical.synthesis.insertion.engine import NoduleEngine
from medical.synthesis.insertion.mixture import Mixture
from medical.synthesis.nodules.echo import Echo
from medical.synthesis.nodules.pool import NodulePool
from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.training.first_stage import FirstStageOnly
from models.training.joint import JudgeOnly, TwoStage
from models.training.loop import LoopConfig, train
from models.training.prefetch import Prefetch
from models.zoo.networks import save_networks
from tests.benchmarks.folds.scans import left_out
from tests.benchmarks.phantom_lungs import BATCH, engine_of, phantom_lungs

FIRST_STAGE = DetectorConfig(widths=(24, 72, 144, 192), channels=72, local_attention=True)
SECOND_STAGE = RefinerConfig(dropout=0.5)
FIRST_MIXTURE = Mixture(cube_share=0.55, wide_share=0.75, fake_share=0.1, large_mm=(10.0, 38.0))
JUDGE_MIXTURE = Mixture(cube_share=0.7, wide_share=0.75, fake_share=0.1, large_mm=(10.0, 38.0))
ECHOES, SMOOTHING, JUDGE_SHARE = 2, 0.05, 0.12


def cases_of(data: Path, fold: str) -> list[TrainingCase]:
    """The real lungs that a fold may see."""
    away = set(left_out(fold))
    paths = sorted((data / "cases").glob("*.npz"))
    return [TrainingCase.load(path) for path in paths if path.stem not in away]


def chests_of(data: Path) -> list[TrainingCase]:
    """Synthetic chests: made once, kept beside the data."""
    folder = data / "chests"
    if not folder.exists():
        made = phantom_lungs()
        part = folder.with_suffix(".part")
        part.mkdir(parents=True, exist_ok=True)
        for chest in made:
            chest.save(part / f"{chest.name}.npz")
        part.rename(folder)
    return [TrainingCase.load(path) for path in sorted(folder.glob("*.npz"))]


def teach(
    learner: TwoStage,
    engine: NoduleEngine,
    config: LoopConfig,
    *,
    echoes: int,
    out: Path,
    device: torch.device,
) -> TwoStage:
    """Teach one stage on what an engine makes.

    Args:
        learner: what its losses teach; changed in place.
        engine: makes what it learns from.
        config: budget and optimizer.
        echoes: how often each batch is used.
        out: folder of checkpoints and log.
        device: where to learn.

    Returns:
        The averaged weights, on the CPU, in evaluation mode.
    """
    learner.to(device)
    out.mkdir(parents=True, exist_ok=True)
    say = partial(print, file=sys.stderr, flush=True)
    make = Echo(partial(engine.batch, BATCH), times=echoes)
    with Prefetch(make, device=device) as batches:
        average = train(learner, learner.losses, batches, config, out=out, device=device, say=say)
    taught = average.module.cpu().eval()
    assert isinstance(taught, TwoStage)
    return taught


def load_start(networks: TwoStage, path: Path) -> None:
    """Begin from the weights of an earlier run, where ``path`` is there."""
    if path.exists():
        networks.load_state_dict({n: w.float() for n, w in load_file(path).items()})


def teach_fold(
    data: Path, out: Path, fold: str, *, seconds: float, seed: int, device: torch.device
) -> TwoStage:
    """Both stages, the second on the first one's marks."""
    cases, chests, pool = cases_of(data, fold), chests_of(data), NodulePool.load(data / "pool.npz")
    torch.manual_seed(seed)
    learner = FirstStageOnly(FIRST_STAGE.build(), SECOND_STAGE.build())
    load_start(learner, data / "start" / f"{fold}.safetensors")
    learner.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    if device.type == "cuda":
        learner.detector.compile()
    engine = engine_of(cases, chests, pool, device=device, mixture=FIRST_MIXTURE)
    config = LoopConfig(
        seconds=seconds * (1 - JUDGE_SHARE), learning_rate=1.5e-3, weight_decay=0.05
    )
    first = teach(learner, engine, config, echoes=ECHOES, out=out / fold / "first", device=device)
    engine = engine_of(cases, chests, pool, device=device, mixture=JUDGE_MIXTURE)
    judge = JudgeOnly(first.detector, first.refiner.requires_grad_(True), smoothing=SMOOTHING)
    config = LoopConfig(seconds=seconds * JUDGE_SHARE, weight_decay=0.1, warmup_steps=100)
    return teach(judge, engine, config, echoes=1, out=out / fold / "second", device=device)


def main() -> None:
    """Teach and write."""
    data, out, fold, seconds = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    seed = int(sys.argv[5]) if len(sys.argv) > 5 else 41
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    networks = teach_fold(data, out, fold, seconds=float(seconds), seed=seed, device=device)
    part = out / f"{fold}.part"
    save_networks(networks, part)
    part.replace(out / f"{fold}.safetensors")


if __name__ == "__main__":
    main()
