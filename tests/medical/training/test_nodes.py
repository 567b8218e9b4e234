"""Retraining over two nodes: network namespaces with a slow link between them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from medical.synthesis.case import TrainingCase, hu_to_code
from medical.training.config import Assigned, Cases, RunConfig
from medical.training.recipes import Budget, Patches, Recipe
from medical.training.worker import run_training
from models.distributed.checkpoints import CheckpointStore
from tests.benchmarks.traffic.network import INTERFACE, Network, NoNamespacesError
from tests.logs import logged

# so slow that sending all takes longer than choosing, even on a processor with other work
STEPS, MEGABITS = 2, 10
LIMIT_SECONDS = 900  # torch starts on both nodes, and each makes its nodules: minutes on two cores
pytestmark = [pytest.mark.slow, pytest.mark.timeout(2 * LIMIT_SECONDS)]

START = """
import sys
from pathlib import Path
from medical.training.config import Cluster
from medical.training.worker import train_together
cluster = Cluster(nodes=2, per_node=1, node=int(sys.argv[1]), rendezvous=sys.argv[2])
train_together(cluster, Path(sys.argv[3]))
"""


def run_of(steps: int) -> RunConfig:
    """Both stages from nothing on one case of noise."""
    budget, patches = Budget(minutes=1e5, steps=steps), Patches(batch=4, patch=48)
    return RunConfig(
        source=Cases(cases="none"),
        recipe=Recipe(budget=budget, patches=patches),
        sparse=True,
        assigned=Assigned(training=("c.npz",)),
    )


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    try:
        with Network(2, frames=False) as made:
            made.shape(MEGABITS)
            yield made
    except NoNamespacesError as error:
        pytest.skip(f"no network namespaces: {error}")


@pytest.fixture(scope="module")
def run(network: Network, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Two nodes train both stages on noise as dense as lung; the folder and what node 0 said."""
    out = tmp_path_factory.mktemp("nodes")
    hu = np.random.default_rng(0).normal(-850, 40, (80, 80, 80)).astype(np.float32)
    inside = np.zeros(hu.shape, bool)
    inside[8:-8, 8:-8, 8:-8] = True
    TrainingCase("c", hu_to_code(hu), inside, np.zeros((0, 4), np.float32)).save(out / "c.npz")
    run_of(STEPS).write(out)
    rendezvous = f"{network.first_address}:29400"
    environment = {**os.environ, "GLOO_SOCKET_IFNAME": INTERFACE, "OMP_NUM_THREADS": "1"}
    # files, not pipes: a node whose pipe is full stands still while the other one is listened to
    logs = [out / f"node{node}.log" for node in (0, 1)]
    nodes = []
    for node, log in enumerate(logs):
        start = [sys.executable, "-c", START, str(node), rendezvous, str(out)]
        with log.open("w") as stream:
            nodes.append(
                subprocess.Popen(
                    network.command(node, start),
                    env={**environment, "CUDA_VISIBLE_DEVICES": ""},
                    stdout=stream,
                    stderr=stream,
                )
            )
    try:
        for item in nodes:
            item.wait(timeout=LIMIT_SECONDS)
    finally:
        for item in nodes:
            item.kill()
    text = "\n".join(log.read_text() for log in logs)
    assert [item.returncode for item in nodes] == [0, 0], text
    return out, text


def test_gradients_go_sparse_over_a_slow_link_and_the_run_says_why(run: tuple[Path, str]) -> None:
    _, log = run
    lines = [line for line in log.splitlines() if "gradients between 2 nodes" in line]
    assert lines
    assert all("goes sparse" in line and "dense" in line for line in lines), lines


def test_both_nodes_owe(run: tuple[Path, str]) -> None:
    out, _ = run
    tensors = CheckpointStore(out / "checkpoints").read(STEPS, prefixes=("rank",))
    for rank in (0, 1):
        owed = [v for n, v in tensors.items() if n.startswith(f"rank{rank}.communication.residual")]
        assert any(bool(part.any()) for part in owed)


def test_one_process_goes_on_and_pays(run: tuple[Path, str]) -> None:
    out, _ = run
    torch.set_num_threads(2)
    with logged() as log:
        run_training(run_of(STEPS + 1), out)
    assert "1 process goes on where there were 2" in log
    tensors = CheckpointStore(out / "checkpoints").read(STEPS + 1, prefixes=("rank0.comm",))
    assert not any(part.any() for name, part in tensors.items() if "residual" in name)
