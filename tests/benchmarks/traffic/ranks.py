"""Start the ranks of a benchmark on the nodes of a network, and wait for them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.traffic.network import INTERFACE, Network

PORT = 29500
LIMIT_SECONDS = 3000


def run_ranks(
    network: Network | None,
    module: Sequence[str],
    *,
    folder: Path,
    per_node: int,
    nodes: int = 2,
    port: int = PORT,
    limit_seconds: float = LIMIT_SECONDS,
) -> None:
    """Run ``python -m MODULE...`` as every rank, one thread each.

    Args:
        network: whose nodes; ``None``: this machine plays all of them.
        module: name and arguments.
        folder: of ``log.txt``, what ranks write to standard error.
        per_node: ranks on each node.
        nodes: how many, where there is no network.
        port: on which the ranks meet.
        limit_seconds: that the first rank may take; the others are then given as long again.

    Raises:
        SystemExit: a rank ended badly; the log's last words.
        subprocess.TimeoutExpired: it took too long.
    """
    world = (nodes if network is None else len(network.names)) * per_node
    program = [sys.executable, "-W", "ignore", "-m", *module]
    with (folder / "log.txt").open("w") as log:
        ranks = [
            subprocess.Popen(
                network.command(rank // per_node, program) if network else program,
                env={
                    **os.environ,
                    "RANK": str(rank),
                    "WORLD_SIZE": str(world),
                    "LOCAL_WORLD_SIZE": str(per_node),
                    "MASTER_ADDR": network.first_address if network else "127.0.0.1",
                    "MASTER_PORT": str(port),
                    "GLOO_SOCKET_IFNAME": INTERFACE if network else "lo",
                    "OMP_NUM_THREADS": "1",
                },
                stderr=log,
            )
            for rank in range(world)
        ]
        try:
            ended = [rank.wait(timeout=limit_seconds) for rank in ranks]
        finally:
            for rank in ranks:
                rank.kill()
    if any(ended):
        raise SystemExit((folder / "log.txt").read_text()[-3000:])
