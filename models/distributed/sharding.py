"""Where the weights live: copied to every rank, sharded within each group (HSDP), or over all.

Copies travel least, so weights are sharded only where copies do not fit; then within the groups
first, so that what sharding sends stays on their fast links and only gradients cross between them.
Predicted are the bytes of one step on each link of the rings in which ranks stand, for weights and
gradients of 32 bits: an all-reduce sends ``2 (n - 1) / n`` of its payload over each link of its
ring, an all-gather or reduce-scatter half of that; sharded weights are gathered for forward and
backward and reduced once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh

from models.distributed.nodes import ranks_by_node

VALUE_BYTES = 4
STATE_COPIES = 4  # weight, gradient and AdamW's two means
Link = tuple[int, int]


class Placement(Enum):
    """How weights are spread."""

    COPIES = "copies on every rank (DDP)"
    GROUPS = "shards within each group, copies between them (HSDP)"
    ALL = "shards over all ranks (FSDP)"


@dataclass(frozen=True, slots=True)
class ShardingPlan:
    """What goes where.

    Args:
        placement: how weights are spread.
        groups: ranks of each group.
        weights: how many there are.
        why: one sentence.
    """

    placement: Placement
    groups: list[list[int]]
    weights: int
    why: str

    @property
    def grid(self) -> list[list[int]]:
        """Rows are copies of each other's shards, columns shards of one copy."""
        ranks = sorted(rank for group in self.groups for rank in group)  # as torch orders them
        if self.placement is Placement.COPIES:
            return [[rank] for rank in ranks]
        return [ranks] if self.placement is Placement.ALL else self.groups

    @property
    def bytes_a_rank(self) -> int:
        """Weights, gradients and the optimizer's means on one rank."""
        return -(-STATE_COPIES * VALUE_BYTES * self.weights // len(self.grid[0]))

    def mesh(self, device_type: str) -> DeviceMesh:
        """Return the mesh for ``fully_shard``: dimensions ``replicate`` and ``shard``."""
        grid = torch.tensor(self.grid)
        return DeviceMesh(device_type, grid, mesh_dim_names=("replicate", "shard"))

    def bytes_on_links(self) -> dict[Link, int]:
        """Bytes of one step from each rank to the next of its rings."""
        copies, shards = len(self.grid), len(self.grid[0])
        payload = VALUE_BYTES * self.weights
        sent: dict[Link, float] = defaultdict(float)
        for row in self.grid:
            for link in _ring(row):
                sent[link] += 3 * (shards - 1) / shards * payload
        for column in zip(*self.grid, strict=True):
            for link in _ring(column):
                sent[link] += 2 * (copies - 1) / copies * payload / shards
        return {link: round(amount) for link, amount in sorted(sent.items())}

    def bytes_between_groups(self) -> dict[Link, int]:
        """Bytes of one step from each group to each other; within a group to itself."""
        group_of = {rank: n for n, group in enumerate(self.groups) for rank in group}
        total: dict[Link, int] = defaultdict(int)
        for (a, b), amount in self.bytes_on_links().items():
            total[group_of[a], group_of[b]] += amount
        return dict(sorted(total.items()))

    def lines(self, megabits: Tensor | None = None) -> list[str]:
        """Describe the plan for people.

        Args:
            megabits: ``[n, n]`` as measured; how long each link would take is told then.
        """
        told = [
            f"weights: {self.placement.value}, {self.bytes_a_rank / 1e6:.1f} MB a rank: {self.why}"
        ]
        for (a, b), amount in self.bytes_between_groups().items():
            where = f"within group {a}" if a == b else f"group {a} to {b}"
            told.append(f"predicted {where}: {amount / 1e6:.2f} MB a step")
        if megabits is not None and (links := self.bytes_on_links()):
            seconds = {link: 8 * n / 1e6 / float(megabits[link]) for link, n in links.items()}
            slowest = max(seconds, key=lambda link: seconds[link])
            told.append(
                f"slowest link: rank {slowest[0]} to {slowest[1]}, {float(megabits[slowest]):.0f} "
                f"Mb/s, {1000 * seconds[slowest]:.1f} ms a step"
            )
        return told


def plan_sharding(
    group_of_rank: Sequence[int], weights: int, *, memory_bytes: float
) -> ShardingPlan:
    """Choose the placement that travels least among those that fit.

    Args:
        group_of_rank: number of each rank's group.
        weights: how many there are.
        memory_bytes: that weights, gradients and optimizer may take on a rank.

    Raises:
        ValueError: not even shards over all ranks fit; the message says what is needed.
    """
    groups = ranks_by_node(group_of_rank)
    need = STATE_COPIES * VALUE_BYTES * weights
    may = f"{memory_bytes / 1e6:.1f} MB may be used"
    if need <= memory_bytes:
        return ShardingPlan(Placement.COPIES, groups, weights, f"copies fit, {may}")
    size = len(groups[0])
    even = all(len(group) == size for group in groups)
    if even and len(groups) > 1 and size > 1 and need / size <= memory_bytes:
        why = f"copies need {need / 1e6:.1f} MB, {may}"
        return ShardingPlan(Placement.GROUPS, groups, weights, why)
    if need / len(group_of_rank) > memory_bytes:
        raise ValueError(
            f"{weights:,} weights need {need / 1e6:.1f} MB, {may} on each of "
            f"{len(group_of_rank)} ranks"
        )
    why = f"a group's shards need {need / size / 1e6:.1f} MB, {may}"
    if len(groups) == 1:
        why = f"copies need {need / 1e6:.1f} MB, {may}, and there is one group"
    elif not even:
        why = f"copies need {need / 1e6:.1f} MB, {may}, and groups differ in size"
    return ShardingPlan(Placement.ALL, groups, weights, why)


def place_weights(module: nn.Module, plan: ShardingPlan, *, device_type: str) -> nn.Module:
    """Shard a module in place as planned, child by child; copies are left to DDP.

    All ranks must call this at the same place.
    """
    if plan.placement is Placement.COPIES:
        return module
    from torch.distributed.fsdp import fully_shard

    mesh = plan.mesh(device_type)
    if plan.placement is Placement.ALL:
        mesh = mesh["shard"]
    for child in module.children():
        if any(True for _ in child.parameters()):
            fully_shard(child, mesh=mesh)
    fully_shard(module, mesh=mesh)
    return module


def _ring(ranks: Sequence[int]) -> list[Link]:
    if len(ranks) < 2:
        return []
    return list(zip(ranks, [*ranks[1:], ranks[0]], strict=True))
