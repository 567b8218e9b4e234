"""Start the training processes of one or several nodes by torchrun, and start them again.

On failure: when a process or a node dies, torchrun ends the others and starts all again as soon as
the nodes are back; they go on from the newest whole checkpoint. OUT must be shared by all nodes.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from medical.errors import InputError
from medical.training.config import Cluster

RESTARTS = 10
_HEARTBEAT_SECONDS = 3  # three missed beats and a node counts as gone


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
    threads = max(1, (os.cpu_count() or 1) // cluster.per_node)
    # a store that outlived its processes would hand their dead addresses to the next ones
    wanted = {"OMP_NUM_THREADS": str(threads), "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    if cluster.nodes == 1:
        wanted["GLOO_SOCKET_IFNAME"] = "lo" if sys.platform == "linux" else "lo0"
    return {**wanted, **os.environ}


def train_together(cluster: Cluster, out: Path) -> None:
    """Run the plan in ``out`` on all processes of this node and wait.

    Raises:
        InputError: training ended with an error more often than it may start again.
    """
    ended = subprocess.run(
        torchrun(cluster, "medical.training.worker", str(out.resolve()), name=out.name),
        env=process_environment(cluster),
        check=False,
    )
    if ended.returncode != 0:
        raise InputError(
            out,
            f"training ended with exit code {ended.returncode} on this node, see above",
            "Mend what it says and add --resume",
        )
