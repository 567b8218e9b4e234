"""Where the ranks are: host and network namespace, and which share a node.

Two containers of a host do not share a node: they talk through a network.
"""

from __future__ import annotations

import socket
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import distributed

_NETWORK = Path("/proc/self/ns/net")


class Place(NamedTuple):
    """Where one rank runs.

    Args:
        host: name of the machine.
        network: number of its network namespace; 0 where the system has none.
    """

    host: str
    network: int


def find_places() -> list[Place]:
    """Where each rank of the default group is; all ranks must call this."""
    network = _NETWORK.stat().st_ino if _NETWORK.exists() else 0
    places: list[Place | None] = [None] * distributed.get_world_size()
    distributed.all_gather_object(places, Place(socket.gethostname(), network))
    return [place for place in places if place is not None]


def find_nodes() -> list[int]:
    """Return the node of each rank of the default group; all ranks must call this."""
    return number(find_places())


def number(keys: Sequence[Hashable]) -> list[int]:
    """Replace equal keys by equal numbers, from 0 in the order of their first appearance."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]
