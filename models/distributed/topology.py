"""Which ranks are near each other: by host, by CPU socket, by NVLink, or by measured bandwidth.

Ranks of one host and one network namespace share a node (two containers of a host do not: they talk
through a network). Inside a node, what is nearer still is told, for placing shards.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from torch import distributed

_NETWORK = Path("/proc/self/ns/net")
_NUMA_NODES = Path("/sys/devices/system/node")


@dataclass(frozen=True, slots=True)
class Place:
    """Where one rank runs.

    Args:
        host: name of the machine.
        network: number of its network namespace, 0 where the system has none.
        numa: CPU socket that all its CPUs belong to; ``None`` where it may use several.
    """

    host: str
    network: int
    numa: int | None


def here() -> Place:
    """Where this process runs."""
    network = _NETWORK.stat().st_ino if _NETWORK.exists() else 0
    return Place(socket.gethostname(), network, _numa_node(os.sched_getaffinity(0)))


def find_places() -> list[Place]:
    """Place of each rank of the default group; all ranks must call this."""
    places: list[Place | None] = [None] * distributed.get_world_size()
    distributed.all_gather_object(places, here())
    return [place for place in places if place is not None]


def find_nodes() -> list[int]:
    """Number of the node of each rank; all ranks must call this."""
    return number([(place.host, place.network) for place in find_places()])


def number(keys: Sequence[Hashable]) -> list[int]:
    """Replace equal keys by equal numbers, from 0 in the order of their first appearance."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def groups_by_bandwidth(megabytes_per_second: Sequence[Sequence[float]]) -> list[int]:
    """Groups of ranks with fast links among them, cut at the widest gap between bandwidths.

    Args:
        megabytes_per_second: ``[ranks][ranks]``; the diagonal is not read, and of the two
            directions the slower counts.

    Returns:
        Number of the group of each rank; all in one where no gap is wider than threefold.
    """
    ranks = range(len(megabytes_per_second))
    slower = {
        (a, b): min(megabytes_per_second[a][b], megabytes_per_second[b][a])
        for a in ranks
        for b in ranks
        if a < b
    }
    speeds = sorted(slower.values())
    gaps = [(above / below, above) for below, above in pairwise(speeds)]
    widest, fast = max(gaps, default=(1.0, 0.0))
    if widest < 3:
        return [0 for _ in ranks]
    group = list(ranks)
    for (a, b), speed in slower.items():
        if speed >= fast:
            joined, left = group[a], group[b]
            group = [joined if g == left else g for g in group]
    return number(group)


def nvlink_groups(matrix: str) -> list[int]:
    """Groups of GPUs joined by NVLink, from what ``nvidia-smi topo -m`` prints.

    Returns:
        Number of the group of each GPU, in the order of the table; empty where there is no table.
    """
    rows = [line.split("\t") for line in matrix.splitlines() if re.match(r"GPU\d+\t", line)]
    group = list(range(len(rows)))
    for a, row in enumerate(rows):
        for b, link in enumerate(row[1 : len(rows) + 1]):
            if link.strip().startswith("NV"):
                group = [group[a] if g == group[b] else g for g in group]
    return number(group)


def _numa_node(cpus: set[int]) -> int | None:
    homes = {path.parent.name for cpu in cpus for path in _NUMA_NODES.glob(f"node*/cpu{cpu}")}
    return int(homes.pop().removeprefix("node")) if len(homes) == 1 else None
