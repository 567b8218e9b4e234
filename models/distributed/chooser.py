"""Which way each bucket takes between nodes: as told, or as measured when the run starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, distributed

from models.distributed.cost import Costs
from models.distributed.mean import HierarchicalMean
from models.distributed.nodes import NodeGroups
from models.distributed.probe import measure_costs
from models.distributed.settings import AggregatorConfig
from models.distributed.ways import DENSE, Way


class WayChooser:
    """The ways of one run; the same on all ranks.

    Args:
        config: how gradients travel.
        say: told by rank 0 which way each bucket takes and why, where that is chosen here.
    """

    def __init__(self, config: AggregatorConfig, *, say: Callable[[str], None]) -> None:
        self.config, self._say = config, say
        self._chosen: dict[int, Way] = {}
        self._costs: Costs | None = None
        self._nodes = 1

    def join(
        self,
        groups: NodeGroups,
        device: torch.device,
        *,
        ddp_group: distributed.ProcessGroup,
        most: int,
    ) -> None:
        """Measure what the ways cost, where they are to be chosen and were not yet.

        Args:
            groups: of this rank.
            device: where gradients are.
            ddp_group: in which DDP sums.
            most: values in the largest bucket that there may be.
        """
        self._nodes = len(groups.nodes)
        if self.config.automatic and self._nodes > 1 and not self._chosen:
            self._costs = self._measure(groups, device, ddp_group, most)

    def of(self, index: int, size: int) -> Way:
        """How a bucket travels.

        Args:
            index: of the bucket.
            size: values in it.
        """
        if self._nodes == 1:
            return DENSE
        if not self.config.automatic:
            return self.config.way
        if index not in self._chosen:
            costs = self._costs
            self._chosen[index] = costs.choose(size) if costs else DENSE
            if costs and distributed.get_rank() == 0:
                self._say(costs.explain(index, size))
        return self._chosen[index]

    def state_dict(self) -> dict[int, list[bool]]:
        """Ways by bucket."""
        return {index: [way.flat, way.sparse] for index, way in self._chosen.items()}

    def load_state_dict(self, state: Mapping[Any, Sequence[bool]]) -> None:
        """Take the place of what was chosen."""
        self._chosen = {
            int(index): DENSE if flat else Way(sparse=sparse, precision=self.config.precision)
            for index, (flat, sparse) in state.items()
        }

    def _measure(
        self,
        groups: NodeGroups,
        device: torch.device,
        ddp_group: distributed.ProcessGroup,
        most: int,
    ) -> Costs:
        """Measure what the ways cost here; a twin tries them, so that nothing is remembered."""
        twin = HierarchicalMean(self.config)
        twin.join(groups, device)
        twin.step = self.config.top.warmup_steps

        def through(way: Way) -> Callable[[Tensor], object]:
            def send(values: Tensor) -> object:
                size = len(values)
                return twin.of(values, size, ((f"{size} values", size),), way)

            return send

        ways: dict[Way, Callable[[Tensor], object]] = {
            DENSE: lambda values: distributed.all_reduce(values, group=ddp_group)
        }
        for sparse in (False, True) if self.config.top.k < 1 else (False,):
            way = Way(sparse=sparse, precision=self.config.precision)
            ways[way] = through(way)
        return measure_costs(ways, groups, device, most=most)
