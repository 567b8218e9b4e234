"""Where the ranks are: host, network namespace and memory (NUMA) node, and which share a node.

Two containers of a host do not share a node: they talk through a network.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import distributed

_NETWORK = Path("/proc/self/ns/net")
_MEMORY = Path("/sys/devices/system/node")


class Place(NamedTuple):
    """Where one rank runs.

    Args:
        host: name of the machine.
        network: number of its network namespace; 0 where the system has none.
        numa: memory node of all processors that it may run on; -1 where they are of several.
    """

    host: str
    network: int
    numa: int


def find_places() -> list[Place]:
    """Where each rank of the default group is; all ranks must call this."""
    network = _NETWORK.stat().st_ino if _NETWORK.exists() else 0
    places: list[Place | None] = [None] * distributed.get_world_size()
    distributed.all_gather_object(places, Place(socket.gethostname(), network, own_numa_node()))
    return [place for place in places if place is not None]


def find_nodes() -> list[int]:
    """Return the number of each rank's node in the default group; all ranks must call this."""
    return number([place[:2] for place in find_places()])


def number(keys: Sequence[Hashable]) -> list[int]:
    """Replace equal keys by equal numbers, from 0 in the order of their first appearance."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def own_numa_node(*, memory: Path = _MEMORY) -> int:
    """Memory node of this process' processors; -1 where they are of several, or nobody knows."""
    if not hasattr(os, "sched_getaffinity"):
        return -1
    mine = os.sched_getaffinity(0)
    for folder in sorted(memory.glob("node[0-9]*")):
        try:
            told = (folder / "cpulist").read_text()
        except OSError:
            continue
        if mine <= processors(told):
            return int(folder.name.removeprefix("node"))
    return -1


def processors(told: str) -> set[int]:
    """Numbers in a list as the kernel writes it: ``0-3,8``."""
    found: set[int] = set()
    for part in told.strip().split(","):
        if part:
            first, _, last = part.partition("-")
            found.update(range(int(first), int(last or first) + 1))
    return found
