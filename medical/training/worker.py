"""Training processes: started by torchrun on one or several nodes, each ``python -m`` this module.

On failure: when a process or a node dies, torchrun ends the others and starts all again as soon as
the nodes are back; they go on from the newest whole checkpoint. OUT must be shared by all nodes.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from functools import partial
from pathlib import Path

import torch
from torch import distributed

from medical.errors import InputError
from medical.logs import LineHandler, own_log
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool, divided, open_pool
from medical.training.config import Cluster, RunConfig
from medical.training.fit import Material, fit
from models.distributed.aggregator import AggregatorConfig, HierarchicalAggregator
from models.distributed.compression.selection import SharedTopK
from models.runtime.machine import count_cores
from models.training.log import Events, tensorboard_events
from models.training.ranks import FirstRankOnly, Ranks
from models.training.two_stage import TwoStage
from models.zoo.loader import WEIGHTS, find_model
from models.zoo.networks import load_to_teach, save_networks, weigh_refinement

RESTARTS = 10
_HEARTBEAT_SECONDS = 3  # three missed beats and a node counts as gone

TRAINED = "trained"
SHARE_SENT = 0.1  # of the gradient's values, where the link is slow: docs/benchmarks/traffic.md
_PEER_SECONDS = 45  # how long a rank waits for a silent peer before all start again


def torchrun(cluster: Cluster, module: str, *arguments: str, name: str) -> list[str]:
    """Build the command that starts this node's processes.

    Args:
        cluster: where.
        module: run by each process as ``python -m``.
        arguments: of the module.
        name: of the run: nodes with the same name and rendezvous find each other.
    """
    meeting = ["--standalone"]
    if cluster.rendezvous is not None:
        meeting = [
            "--rdzv-backend=c10d",
            f"--rdzv-endpoint={cluster.rendezvous}",
            f"--rdzv-id={name}",
            f"--rdzv-conf=is_host={int(cluster.node == 0)},"
            f"keep_alive_interval={_HEARTBEAT_SECONDS}",
            f"--local-addr={_own_address(cluster.rendezvous)}",
        ]
    return [
        *(sys.executable, "-m", "torch.distributed.run"),
        f"--nnodes={cluster.nodes}",
        f"--nproc-per-node={cluster.per_node}",
        f"--max-restarts={RESTARTS}",
        "--monitor-interval=0.5",
        *meeting,
        *("-m", module),
        *arguments,
    ]


def _own_address(rendezvous: str) -> str:
    """Address by which others reach this machine: its name may resolve to one that they cannot.

    Raises:
        InputError: the rendezvous is no address, or there is no way to it.
    """
    host, _, port = rendezvous.rpartition(":")
    try:
        family, kind, *_, address = socket.getaddrinfo(host, int(port), type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.connect(address)  # nothing is sent: the kernel only looks for the way
            return str(probe.getsockname()[0])
    except (OSError, ValueError) as error:
        raise InputError(
            Path(rendezvous), "the first node cannot be reached", "Give --rendezvous HOST:PORT"
        ) from error


def process_environment(cluster: Cluster) -> dict[str, str]:
    """Return the process' variables, and what the training processes need beside them.

    Processes of one machine meet on its loopback: its name may resolve to an address that does not
    answer. Whatever is set already stays.
    """
    threads = max(1, count_cores() // cluster.per_node)
    # a store that outlived its processes would hand their dead addresses to the next ones
    wanted = {"OMP_NUM_THREADS": str(threads), "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    if cluster.nodes == 1:
        wanted["GLOO_SOCKET_IFNAME"] = "lo" if sys.platform == "linux" else "lo0"
    return {**wanted, **os.environ}


def train_together(cluster: Cluster, out: Path, *, module: str = "medical.training.worker") -> None:
    """Run the plan in ``out`` on all processes of this node and wait.

    Args:
        cluster: where.
        out: of the run.
        module: run by each process with ``out`` as its argument.

    Raises:
        InputError: training ended with an error more often than it may start again.
    """
    ended = subprocess.run(
        torchrun(cluster, module, str(out.resolve()), name=out.name),
        env=process_environment(cluster),
        check=False,
    )
    if ended.returncode != 0:
        raise InputError(
            out,
            f"training ended with exit code {ended.returncode} on this node, see above",
            "Fix this, then run again with --resume",
        )


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
            device=choose_device(),
            start=partial(load_to_teach, parent) if parent else None,
            events=events,
            communication=partial(between_nodes, seed=seed, sparse=sparse),
        )
    if parent:  # as much as in the weights that these began as
        weigh_refinement(networks.refiner, parent.card.refinement_weight)
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


def choose_device() -> torch.device:
    """Return an accelerator of this process' own, by its rank, where there is one."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device(f"cuda:{Ranks.current().rank % torch.cuda.device_count()}")
    torch.cuda.set_device(device)
    return device


@contextmanager
def join_processes() -> Iterator[None]:
    """Join the processes that torchrun started, and leave them."""
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, timeout=timedelta(seconds=_PEER_SECONDS))
    try:
        yield
    finally:
        distributed.destroy_process_group()


def main() -> None:
    """Join the other processes and train."""
    out = Path(sys.argv[1])
    handler = LineHandler()
    handler.addFilter(FirstRankOnly())
    with join_processes(), own_log(handler):
        run_training(RunConfig.read(out), out)


if __name__ == "__main__":
    main()
