"""Which strategy each bucket takes between nodes: as told, or as measured when the run starts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, distributed

from models.distributed.compression.low_rank import Probe
from models.distributed.cost import Costs, measure_costs
from models.distributed.mean import HierarchicalMean
from models.distributed.strategy import DENSE, LOW_RANK, AggregatorConfig, Strategy
from models.distributed.topology import NodeGroups

_log = logging.getLogger(__name__)


class StrategyChooser:
    """The strategies of one run; the same on all ranks.

    Args:
        config: how gradients travel.
    """

    def __init__(self, config: AggregatorConfig) -> None:
        self.config = config
        self._chosen: dict[int, Strategy] = {}
        self._costs: Costs | None = None
        self._nodes = 1

    def join(
        self,
        groups: NodeGroups,
        device: torch.device,
        *,
        ddp_group: distributed.ProcessGroup,
        most: int,
        matrix: tuple[int, int],
        all_ranks: distributed.ProcessGroup,
    ) -> None:
        """Measure what the strategies cost, where they are to be chosen and were not yet.

        Args:
            groups: of this rank.
            device: where gradients are.
            ddp_group: in which DDP sums.
            most: values in the largest bucket that there may be.
            matrix: rows and columns of a typical parameter.
            all_ranks: in which factors of low rank are summed.
        """
        self._nodes = len(groups.nodes)
        if self.config.automatic and self._nodes > 1 and not self._chosen:
            probe = Probe(matrix, all_ranks)
            self._costs = self._measure(groups, device, ddp_group, most, probe)

    def of(self, index: int, size: int) -> Strategy:
        """How a bucket travels.

        Args:
            index: of the bucket.
            size: values in it.
        """
        if self._nodes == 1:
            return DENSE
        if not self.config.automatic:
            return self.config.strategy
        if index not in self._chosen:
            costs = self._costs
            self._chosen[index] = costs.choose(size) if costs else DENSE
            if costs and distributed.get_rank() == 0:
                _log.info(costs.explain(index, size))
        return self._chosen[index]

    def state_dict(self) -> dict[int, str]:
        """Names of the strategies by bucket."""
        return {index: strategy.name for index, strategy in self._chosen.items()}

    def load_state_dict(self, state: Mapping[Any, str]) -> None:
        """Take the place of what was chosen."""
        known = {strategy.name: strategy for strategy in self._strategies()}
        self._chosen = {int(index): known.get(name, DENSE) for index, name in state.items()}

    def _strategies(self) -> list[Strategy]:
        """Those that may be chosen, those first that lose less."""
        strategies = [DENSE, Strategy(precision=None)]
        if self.config.top.k < 1:  # a part alone may be sent
            strategies += [Strategy(sparse=True, precision=None), LOW_RANK]
        return strategies

    def _measure(
        self,
        groups: NodeGroups,
        device: torch.device,
        ddp_group: distributed.ProcessGroup,
        most: int,
        probe: Probe,
    ) -> Costs:
        """Measure what each strategy costs here, tried by a twin: nothing is remembered."""
        twin = HierarchicalMean(self.config)
        twin.join(groups, device)
        twin.step = self.config.top.warmup_steps

        def through(strategy: Strategy) -> Callable[[Tensor], object]:
            def send(values: Tensor) -> object:
                size = len(values)
                return twin.of(values, size, ((f"{size} values", size),), strategy)

            return send

        strategies = {
            strategy: through(strategy)
            for strategy in self._strategies()
            if strategy not in (DENSE, LOW_RANK)
        }
        every: dict[Strategy, Callable[[Tensor], object]] = {
            DENSE: lambda values: distributed.all_reduce(values, group=ddp_group),
            **strategies,
        }
        if LOW_RANK in self._strategies():
            every[LOW_RANK] = probe.send
        return measure_costs(every, groups, device, most=most)
