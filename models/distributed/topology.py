"""Where the ranks are, which share a node, and the process groups in which they talk.

Inside a node all members talk; between nodes only the first rank of each, its leader. Nodes may
have different numbers of ranks. Two containers of a host do not share a node: they talk through a
network.
"""

from __future__ import annotations

import socket
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import NamedTuple, cast

from torch import Tensor, distributed

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


def ranks_by_node(node_of_rank: Sequence[int]) -> list[list[int]]:
    """Ranks of each node, both in rising order.

    Raises:
        ValueError: there are no ranks.
    """
    if not node_of_rank:
        raise ValueError("node_of_rank names no ranks, got an empty list")
    return [
        [rank for rank, node in enumerate(node_of_rank) if node == fromkey]
        for fromkey in dict.fromkeys(node_of_rank)
    ]


class NodeGroups:
    """The process groups of one rank. All ranks must make this at the same place.

    Args:
        node_of_rank: number of the node of each rank of the default group.

    Raises:
        ValueError: it does not name every rank.
    """

    def __init__(self, node_of_rank: Sequence[int]) -> None:
        if len(node_of_rank) != distributed.get_world_size():
            raise ValueError(
                f"node_of_rank must name each of {distributed.get_world_size()} ranks, "
                f"got {len(node_of_rank)}"
            )
        rank = distributed.get_rank()
        self.nodes = ranks_by_node(node_of_rank)
        self.members = next(ranks for ranks in self.nodes if rank in ranks)
        self.leader = self.members[0] == rank
        self._inside: distributed.ProcessGroup | None = None
        for ranks in self.nodes:
            # every rank takes part in making every group
            group = distributed.new_group(ranks)
            if ranks is self.members and len(ranks) > 1:
                self._inside = cast(distributed.ProcessGroup, group)
        self.leaders = cast(
            distributed.ProcessGroup, distributed.new_group([ranks[0] for ranks in self.nodes])
        )

    def sum_to_leader(self, values: Tensor) -> None:
        """Add up ``values`` of the node's members in the leader's, at full precision."""
        if self._inside is not None:
            distributed.reduce(values, dst=self.members[0], group=self._inside)

    def share(self, values: Tensor) -> None:
        """Overwrite ``values`` of the node's members with the leader's."""
        if self._inside is not None:
            distributed.broadcast(values, src=self.members[0], group=self._inside)
