"""The mean of a gradient over all ranks by way of the leaders, with error feedback.

The members of a node sum their gradients in its leader; the leaders add their residuals (error
feedback), agree on the positions of the largest values, taking turns in proposing (ScaleCom, arXiv
2104.11125), sum only those, compressed, and share the mean in their nodes.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, distributed

from models.distributed.compression.error_feedback import BucketMemory, Layout, Residuals
from models.distributed.compression.values import Format, Precision
from models.distributed.exchange import LeaderExchange
from models.distributed.strategy import AggregatorConfig, Strategy
from models.distributed.topology import NodeGroups


class HierarchicalMean:
    """One rank's part in the mean; ``join`` first.

    Args:
        config: how.
    """

    def __init__(self, config: AggregatorConfig) -> None:
        self.config, self.step = config, 0
        self.residuals = Residuals()
        self.precision = Precision()
        self._generator: torch.Generator | None = None
        self._random: Tensor | None = None
        self._met: set[int] = set()

    def join(self, groups: NodeGroups, device: torch.device) -> None:
        """Meet the other ranks.

        Args:
            groups: of this rank.
            device: where gradients are.
        """
        self.groups, self._world = groups, distributed.get_world_size()
        generator = torch.Generator(device)
        generator.manual_seed(self.config.seed + distributed.get_rank())
        if self._random is not None:
            generator.set_state(self._random)
        self._generator = generator
        if groups.leader:
            self.exchange = LeaderExchange(groups.leaders, generator)

    def state_dict(self) -> dict[str, Any]:
        """Return this rank's residuals, and what decides its next step; call it between steps."""
        random = self._random if self._generator is None else self._generator.get_state()
        return {
            **self.residuals.state_dict(),
            "step": self.step,
            "precision": self.precision.state_dict(),
            "random": random,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state; all ranks must do so before the same step."""
        self.residuals.load_state_dict(state)
        self.step = int(state["step"])
        self.precision.load_state_dict(state["precision"])
        self._random = state.get("random")
        if self._generator is not None and self._random is not None:
            self._generator.set_state(self._random)
        self._met.clear()

    def of(self, gradient: Tensor, index: int, layout: Layout, strategy: Strategy) -> Tensor:
        """Mean over all ranks of what was sent of their gradients.

        Args:
            gradient: ``[n]`` this rank's, and its residual from before.
            index: of the bucket.
            layout: of the bucket.
            strategy: to travel, not ``DENSE``.
        """
        share = gradient / self._world
        if (
            not self.groups.leader
            and (residual := self.residuals.take(layout, gradient)) is not None
        ):
            share += residual  # was a leader before the world changed
        self.groups.sum_to_leader(share)
        if self.groups.leader:
            memory = self.residuals.bucket(index, layout, gradient)
            share = self._between_nodes(share, memory, index, strategy)
        self.groups.share(share)
        return share

    def _between_nodes(
        self, share: Tensor, memory: BucketMemory, index: int, strategy: Strategy
    ) -> Tensor:
        self._meet(index, share.device)
        residual = memory.residual + share
        chosen = self._chosen(residual, index, strategy)
        values = residual[chosen]
        form = strategy.precision or self.precision.of(index)
        finite = bool(torch.isfinite(share).all())
        note = None if finite and form is Format.INT8 else 0.0 if finite else math.nan
        if note == 0.0 and strategy.precision is None:
            note = self.precision.try_out(values, self.step, generator=self._generator)
        summed = self.exchange.sum(values, form, note=note)
        if not bool(torch.isfinite(summed.notes).all()):
            return torch.full_like(share, math.nan)
        if strategy.precision is None:
            self.precision.hear(index, summed.notes)
        residual[chosen] = summed.lost
        memory.residual = residual
        mean = torch.zeros_like(share)
        mean[chosen] = summed.total
        return mean

    def _chosen(self, residual: Tensor, index: int, strategy: Strategy) -> Tensor:
        """Positions that are sent, the same on all leaders; all of them where nothing is saved."""
        top, nodes, size = self.config.top, self.exchange.nodes, len(residual)
        count = top.count(size, step=self.step, nodes=nodes) if strategy.sparse else size
        if count == size:
            return torch.arange(size, device=residual.device)
        turn = (self.step + index) % nodes
        return self.exchange.agree_on_indices(residual, count, proposer=turn)

    def _meet(self, index: int, device: torch.device) -> None:
        """Leaders that were not there before take step and precision from those that were."""
        if index in self._met:
            return
        known_here = torch.tensor([self.step, int(self.precision.of(index))], device=device)
        agreed = self.exchange.greatest(known_here)
        self.step = int(agreed[0])
        self.precision.set(index, Format(int(agreed[1])))
        self._met.add(index)
