"""Teach a fold: ``python -m tests.benchmarks.folds.train DATA OUT FOLD SECONDS [SEED] [RECIPE]``.

DATA is what ``folds.data`` wrote. ``OUT/FOLD.safetensors`` are both stages by the recipe
``local-attention``, from nothing or, where there is one, from ``DATA/start/FOLD.safetensors``,
which another run for the same fold left (of the first stage alone, too). Run again on the same OUT
it goes on where it was cut off. Started by torchrun, each process has an accelerator of its own,
draws patches of its own, and one fold is taught by all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import distributed

from medical.files import written_atomically
from medical.logs import LineHandler, own_log
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from medical.synthesis.phantom.sample import keep_chest_cases
from medical.training.config import Cases, RunConfig
from medical.training.fit import Material, fit
from medical.training.recipes import Recipe, read_recipe
from medical.training.worker import between_nodes
from models.training.ranks import FirstRankOnly, Ranks
from models.training.two_stage import TwoStage
from models.zoo.networks import save_networks
from tests.benchmarks.folds.scans import left_out

RECIPE = "local-attention"


def cases_of(data: Path, fold: str) -> list[TrainingCase]:
    """The real lungs that a fold may see."""
    away = set(left_out(fold))
    paths = sorted((data / "cases").glob("*.npz"))
    return [TrainingCase.load(path) for path in paths if path.stem not in away]


def load_start(recipe: Recipe, path: Path) -> TwoStage:
    """Networks with the weights that an earlier run left."""
    networks = TwoStage(recipe.detector.build(), recipe.refiner.build())
    weights = {name: weight.float() for name, weight in load_file(path).items()}
    missing, _ = networks.load_state_dict(weights, strict=False)
    if absent := [name for name in missing if not name.startswith("refiner.")]:
        raise ValueError(f"{path} lacks {len(absent)} weights of the first stage")
    return networks


@contextmanager
def joined() -> Iterator[torch.device]:
    """Join the processes that torchrun started, where it did; gives this one's device."""
    cuda, place = torch.cuda.is_available(), int(os.environ.get("LOCAL_RANK", 0))
    device = torch.device(f"cuda:{place}" if cuda else "cpu")
    if "LOCAL_RANK" not in os.environ:
        yield device
        return
    if cuda:
        torch.cuda.set_device(device)
    backend = "cpu:gloo,cuda:nccl" if cuda else "gloo"
    distributed.init_process_group(backend, timeout=timedelta(minutes=4))
    try:
        yield device
        distributed.barrier()
    finally:
        distributed.destroy_process_group()


def teach_fold(
    data: Path,
    out: Path,
    fold: str,
    *,
    seconds: float,
    seed: int,
    device: torch.device,
    recipe: str = RECIPE,
    start: Callable[[Recipe], TwoStage] | None = None,
) -> TwoStage:
    """Teach both stages as ``starlung retrain --recipe`` does, on what the fold may see.

    Args:
        data: what ``folds.data`` wrote.
        out: for checkpoints and logs, in a folder of the fold.
        fold: names what is left out.
        seconds: teaching time of both stages.
        seed: of weights and batches.
        device: CPU or accelerator.
        recipe: shipped one's name, or a file.
        start: makes the networks to begin with, in place of ``DATA/start/FOLD.safetensors``.
    """
    shipped = read_recipe(recipe)
    budget = shipped.budget.model_copy(update={"minutes": seconds / 60})
    how = shipped.model_copy(update={"budget": budget, "seed": seed})
    chests = keep_chest_cases(data / "chests", count=how.chests)
    material = Material(
        cases=cases_of(data, fold),
        pool=NodulePool.load(data / "pool.npz"),
        chests=[TrainingCase.load(path) for path in chests],
    )
    folder, begun = out / fold, data / "start" / f"{fold}.safetensors"
    folder.mkdir(parents=True, exist_ok=True)
    if start is None and begun.exists():
        start = partial(load_start, path=begun)
    return fit(
        RunConfig(source=Cases(cases=str(data)), recipe=how),
        material,
        out=folder,
        device=device,
        start=partial(start, how) if start else None,
        communication=partial(between_nodes, seed=seed),
    )


def main() -> None:
    """Teach and write."""
    data, out, fold, seconds = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    seed = int(sys.argv[5]) if len(sys.argv) > 5 else 41
    recipe = sys.argv[6] if len(sys.argv) > 6 else RECIPE
    with joined() as device:
        networks = teach_fold(
            data, out, fold, seconds=float(seconds), seed=seed, device=device, recipe=recipe
        )
        if Ranks.current().first:
            with written_atomically(out / f"{fold}.safetensors") as beside:
                save_networks(networks, beside)


if __name__ == "__main__":
    handler = LineHandler()
    handler.addFilter(FirstRankOnly())
    with own_log(handler):
        main()
