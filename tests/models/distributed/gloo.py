"""Run a function in real processes that talk over gloo."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from multiprocessing import set_forkserver_preload
from pathlib import Path
from typing import Any

import torch
from torch import distributed, multiprocessing

# Ranks are forked from a process that has imported torch already: importing it takes each of them
# some seconds otherwise, most of the time of these tests.
set_forkserver_preload(
    ["torch", "torch._dynamo", "torch.distributed.fsdp", "models.distributed.aggregator"]
)


def on_ranks(world: int, function: Callable[..., Any], folder: Path, *arguments: Any) -> list[Any]:
    """Call ``function(rank, *arguments)`` on each rank; what each returned, by rank."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    multiprocessing.start_processes(
        _rank,
        (world, port, function, str(folder), arguments),
        nprocs=world,
        join=True,
        start_method="forkserver",
    )
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in range(world)]


def _rank(
    rank: int,
    world: int,
    port: int,
    function: Callable[..., Any],
    folder: str,
    arguments: tuple[Any, ...],
) -> None:
    torch.set_num_threads(1)
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    distributed.init_process_group(
        "gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=world
    )
    torch.save(function(rank, *arguments), Path(folder) / f"{rank}.pt")
    distributed.destroy_process_group()
