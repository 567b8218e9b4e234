"""One training process: ``python -m medical.training.worker OUT``, started by torchrun.

On failure: it ends with an error; torchrun starts all processes again and they go on from the
newest whole checkpoint.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path

import torch
from torch import distributed

from medical.logs import LineHandler, own_log
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.opening import divided, open_pool
from medical.synthesis.nodules.pool import NodulePool
from medical.training.config import RunConfig
from medical.training.fit import Material, fit
from models.distributed.aggregator import AggregatorConfig, HierarchicalAggregator
from models.distributed.compression.selection import SharedTopK
from models.training.log import Events, tensorboard_events
from models.training.ranks import FirstRankOnly, Ranks
from models.training.two_stage import TwoStage
from models.zoo.loader import WEIGHTS, find_model
from models.zoo.networks import load_networks, save_networks

TRAINED = "trained"
SHARE_SENT = 0.1  # of the gradient's values, where the link is slow: docs/benchmarks/traffic.md
_PEER_SECONDS = 45  # how long a rank waits for a silent peer before all start again


def open_pools(config: RunConfig) -> tuple[NodulePool, NodulePool]:
    """Return the nodules to train on, and those kept to calibrate on."""
    seed = config.recipe.seed
    return divided(open_pool(config.source.nodule_pool, seed=seed), seed=seed)


def run_training(
    config: RunConfig,
    out: Path,
    *,
    pool: NodulePool | None = None,
) -> TwoStage:
    """Train as configured; rank 0 writes ``out/trained/weights.safetensors``.

    Args:
        config: with its cases assigned.
        out: of the run.
        pool: the nodules to train on, where they are open already.

    Returns:
        The trained networks, on the CPU.

    Raises:
        ValueError: no cases are assigned, or a checkpoint in ``out`` belongs to another network.
    """
    if config.assigned is None:
        raise ValueError("a run needs its cases assigned before it is trained")
    torch_device = "cpu"
    if torch.cuda.is_available():
        torch_device = f"cuda:{Ranks.current().rank % torch.cuda.device_count()}"
        torch.cuda.set_device(torch_device)
    material = Material(
        cases=[TrainingCase.load(out / name) for name in config.assigned.training],
        pool=pool or open_pools(config)[0],
        validation=[TrainingCase.load(out / name) for name in config.assigned.validation],
        chests=[TrainingCase.load(out / name) for name in config.assigned.chests],
    )
    seed, sparse = config.recipe.seed, config.sparse
    parent = find_model(config.start_from) if config.start_from else None
    with _listener(out) as events:
        networks = fit(
            config,
            material,
            out=out,
            device=torch.device(torch_device),
            start=partial(load_networks, parent) if parent else None,
            events=events,
            communication=partial(between_nodes, seed=seed, sparse=sparse),
        )
    if Ranks.current().first:
        (out / TRAINED).mkdir(exist_ok=True)
        save_networks(networks, out / TRAINED / WEIGHTS)
    return networks


def between_nodes(*, seed: int, sparse: bool = False) -> HierarchicalAggregator:
    """How gradients travel: inside a node as DDP sends them, between nodes as it costs least.

    Args:
        seed: of rounding.
        sparse: whether a slow link may be sent the largest values alone, which costs some accuracy.
    """
    share = SHARE_SENT if sparse else 1.0
    top = SharedTopK(k=share, k_start=share, warmup_steps=0)
    config = AggregatorConfig(top=top, seed=seed, automatic=True)
    return HierarchicalAggregator(config)


def _listener(out: Path) -> AbstractContextManager[Events | None]:
    """TensorBoard's, on the rank that tells."""
    if not Ranks.current().first:
        return nullcontext()
    return tensorboard_events(out / "tensorboard")


def main() -> None:
    """Join the other processes and train."""
    out = Path(sys.argv[1])
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, timeout=timedelta(seconds=_PEER_SECONDS))
    handler = LineHandler()
    handler.addFilter(FirstRankOnly())
    try:
        with own_log(handler):
            run_training(RunConfig.read(out), out)
    finally:
        distributed.destroy_process_group()


if __name__ == "__main__":
    main()
