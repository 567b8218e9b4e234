"""HierarchicalAggregator: gradients at full precision inside nodes, a sparse part between them.

A DDP communication hook. The members of a node sum their gradients in its leader; the leaders add
what they still owe (error feedback), agree on the positions of the largest values, taking turns in
proposing (ScaleCom, arXiv 2104.11125), sum only those, compressed, and share the mean in their
nodes. What is not sent, and what compression loses, is owed. Sent plus owed is always the sum of
the gradients.

On failure: an error of a peer or a timeout is raised by backward on every rank that notices it. A
gradient that is not finite on one node makes the mean not finite on all, and nothing of it is
remembered: the training loop leaves such a step out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.distributed import GradBucket  # type: ignore[attr-defined]
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.futures import Future
from torch.nn.parallel import DistributedDataParallel

from models.distributed.cost import Costs
from models.distributed.exchange import LeaderExchange
from models.distributed.nodes import NodeGroups
from models.distributed.parcels import Parcels
from models.distributed.precision import Precision
from models.distributed.probe import measure_costs
from models.distributed.residuals import BucketMemory, Layout, Residuals, redistribute
from models.distributed.selection import SharedTopK
from models.distributed.topology import find_nodes
from models.distributed.values import Format
from models.distributed.ways import DENSE, Way


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregatorConfig:
    """How gradients travel between nodes.

    Args:
        top: which share of the values is sent. With ``k = 1`` and ``precision = Format.FP32``
            this is DDP's own all-reduce, to the bit.
        precision: of the values; measured for each bucket where it is ``None``.
        error_bound: relative error up to which INT8 is taken where precision is measured.
        momentum: of each node's sum before selection, cleared where it was sent (momentum
            correction, arXiv 1712.01887); for optimizers without momentum of their own.
        seed: of stochastic rounding.
        automatic: for each bucket, measure when attached whether it goes dense, compressed or
            sparse. Which one may differ between two runs; a resumed one keeps its choices.

    Raises:
        ValueError: a bound or momentum is outside of its range.
    """

    top: SharedTopK = field(default_factory=SharedTopK)
    precision: Format | None = None
    error_bound: float = 0.05
    momentum: float = 0.0
    seed: int = 0
    automatic: bool = False

    def __post_init__(self) -> None:
        if not self.error_bound > 0:
            raise ValueError(f"error_bound must be positive, got {self.error_bound}")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must be in [0, 1), got {self.momentum}")

    @property
    def way(self) -> Way:
        """How every bucket travels."""
        if self.top.k == 1 and self.precision is Format.FP32:
            return DENSE
        return Way(sparse=self.top.k < 1, precision=self.precision)


class HierarchicalAggregator:
    """Aggregates the gradients of one DDP module on one rank.

    Args:
        config: how.
        node_of_rank: number of each rank's node; found out when attached where it is ``None``.
        say: told by rank 0 which way each bucket takes and why, where that is chosen here.
    """

    def __init__(
        self,
        config: AggregatorConfig,
        *,
        node_of_rank: Sequence[int] | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._say = say
        self.config, self.step = config, 0
        self.residuals = Residuals()
        self.precision = Precision(error_bound=config.error_bound)
        self._node_of_rank = node_of_rank
        self._random: Tensor | None = None
        self._generator: torch.Generator | None = None
        self._names: dict[int, str] = {}
        self._met: set[int] = set()
        self._parcels: Parcels | None = None
        self._chosen: dict[int, Way] = {}
        self._costs: Costs | None = None

    def attach(self, ddp_module: DistributedDataParallel) -> None:
        """Take over the gradients of ``ddp_module``; all ranks must call this."""
        self._names = {id(p): name for name, p in ddp_module.module.named_parameters()}
        nodes = self._node_of_rank
        self.groups = NodeGroups(nodes if nodes is not None else find_nodes())
        self._ddp_group = ddp_module.process_group
        self._world = distributed.get_world_size()
        device = next(ddp_module.module.parameters()).device
        self._generator = torch.Generator(device)
        self._generator.manual_seed(self.config.seed + distributed.get_rank())
        if self._random is not None:
            self._generator.set_state(self._random)
        if self.groups.leader:
            self.exchange = LeaderExchange(self.groups.leaders, self._generator)
        if self.config.automatic and len(self.groups.nodes) > 1 and not self._chosen:
            self._costs = self._measure(ddp_module.module, device)
        self._parcels = parcels = Parcels(self.aggregate)

        def hook(state: object, bucket: GradBucket) -> Future[Tensor]:
            return self._hook(bucket, parcels)

        # DDP compares annotations as objects, and this file's are text
        hook.__annotations__["bucket"] = GradBucket
        hook.__annotations__["return"] = Future[Tensor]
        ddp_module.register_comm_hook(None, hook)

    def state_dict(self) -> dict[str, Any]:
        """What this rank owes, and what decides its next step; call it between steps."""
        if self._parcels is not None:
            self._parcels.courier.settle()
        random = self._random if self._generator is None else self._generator.get_state()
        return {
            **self.residuals.state_dict(),
            "step": self.step,
            "precision": self.precision.state_dict(),
            "random": random,
            "ways": {index: [way.flat, way.sparse] for index, way in self._chosen.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state; all ranks must do so before the same step.

        After a change of the world's size: ``take_over``.
        """
        self.residuals.load_state_dict(state)
        self.step = int(state["step"])
        self.precision.load_state_dict(state["precision"])
        self._random = state.get("random")
        if self._generator is not None and self._random is not None:
            self._generator.set_state(self._random)
        self._met.clear()
        self._chosen = {
            int(index): DENSE if flat else Way(sparse=sparse, precision=self.config.precision)
            for index, (flat, sparse) in state.get("ways", {}).items()
        }

    def take_over(self, states: Sequence[dict[str, Any]], *, rank: int, world: int) -> None:
        """Go on from the states of another number of ranks; what they owed is shared out.

        Rounding starts anew, and ways are chosen again.

        Args:
            states: of all old ranks, in order.
            rank: this one.
            world: how many there are now.
        """
        mine = redistribute(states, world)[rank]
        first = states[0]  # a leader in any world
        self.load_state_dict({**mine, "step": first["step"], "precision": first["precision"]})

    def pay(self, module: nn.Module) -> None:
        """Add what is owed to the gradients of ``module``: there is no rank left to send it to."""
        for name, parameter in module.named_parameters():
            like = parameter.detach().flatten()
            if (owed := self.residuals.take(((name, len(like)),), like)) is not None:
                owed = owed.view_as(parameter)
                parameter.grad = owed if parameter.grad is None else parameter.grad + owed

    def way_of(self, index: int, size: int) -> Way:
        """How a bucket travels; the same on all ranks.

        Args:
            index: of the bucket.
            size: values in it.
        """
        if len(self.groups.nodes) == 1:
            return DENSE
        if not self.config.automatic:
            return self.config.way
        if index not in self._chosen:
            costs = self._costs
            self._chosen[index] = costs.choose(size) if costs else DENSE
            if costs and distributed.get_rank() == 0:
                self._say(costs.explain(index, size))
        return self._chosen[index]

    def _hook(self, bucket: GradBucket, parcels: Parcels) -> Future[Tensor]:
        layout = tuple((self._names[id(p)], p.numel()) for p in bucket.parameters())
        gradient, index = bucket.buffer(), bucket.index()
        way = self.way_of(index, len(gradient))
        mean: Future[Tensor]
        if way == DENSE:
            if (owed := self.residuals.take(layout, gradient)) is not None:
                gradient.add_(owed, alpha=self._world)
            mean = allreduce_hook(self._ddp_group, bucket)
        else:
            mean = parcels.put(gradient, layout, index, way)
        if bucket.is_last():
            parcels.end_step(self._end_step, gradient.device)
        return mean

    def _end_step(self) -> None:
        self.step += 1

    def _measure(self, module: nn.Module, device: torch.device) -> Costs:
        """What the ways cost here; a twin tries them, so that nothing of it is remembered."""
        twin = HierarchicalAggregator(self.config)
        twin.groups, twin._world = self.groups, self._world
        twin.step = self.config.top.warmup_steps
        if self.groups.leader:
            generator = torch.Generator(device).manual_seed(0)
            twin.exchange = LeaderExchange(self.groups.leaders, generator)

        def through(way: Way) -> Callable[[Tensor], object]:
            def send(values: Tensor) -> object:
                size = len(values)
                return twin.aggregate(values, size, ((f"{size} values", size),), way)

            return send

        precision, group = self.config.precision, self._ddp_group
        ways: dict[Way, Callable[[Tensor], object]] = {
            DENSE: lambda values: distributed.all_reduce(values, group=group)
        }
        for sparse in (False, True) if self.config.top.k < 1 else (False,):
            way = Way(sparse=sparse, precision=precision)
            ways[way] = through(way)
        most = sum(p.numel() for p in module.parameters() if p.requires_grad)
        return measure_costs(ways, self.groups, device, most=most)

    def aggregate(self, gradient: Tensor, index: int, layout: Layout, way: Way) -> Tensor:
        """Mean over all ranks of what was sent of their gradients.

        Args:
            gradient: ``[n]`` this rank's, and what it owes from before.
            index: of the bucket.
            layout: of the bucket.
            way: to travel, not ``DENSE``.
        """
        share = gradient / self._world
        if not self.groups.leader and (owed := self.residuals.take(layout, gradient)) is not None:
            share += owed  # was a leader before the world changed
        self.groups.sum_to_leader(share)
        if self.groups.leader:
            memory = self.residuals.bucket(index, layout, gradient)
            share = self._between_nodes(share, memory, index, way)
        self.groups.share(share)
        return share

    def _between_nodes(self, share: Tensor, memory: BucketMemory, index: int, way: Way) -> Tensor:
        exchange, size = self.exchange, len(share)
        self._meet(index, share.device)
        velocity = share.add(memory.velocity, alpha=self.config.momentum)
        owed = memory.residual + velocity
        top, nodes = self.config.top, exchange.nodes
        count = top.count(size, step=self.step, nodes=nodes) if way.sparse else size
        if count < size:
            turn = (self.step + index) % nodes
            chosen = exchange.agree_on_indices(owed, count, proposer=turn)
            values = owed[chosen]
        else:
            chosen, values = torch.arange(size, device=share.device), owed
        form = way.precision or self.precision.of(index)
        finite = bool(torch.isfinite(share).all())
        note = None if finite and form is Format.INT8 else 0.0 if finite else math.nan
        if note == 0.0 and way.precision is None:
            note = self.precision.try_out(values, self.step, generator=self._generator)
        summed = exchange.sum(values, form, note=note)
        if not bool(torch.isfinite(summed.notes).all()):
            return torch.full_like(share, math.nan)
        if way.precision is None:
            self.precision.hear(index, summed.notes)
        velocity[chosen] = 0
        owed[chosen] = summed.lost
        memory.residual, memory.velocity = owed, velocity
        mean = torch.zeros_like(share)
        mean[chosen] = summed.total
        return mean

    def _meet(self, index: int, device: torch.device) -> None:
        """Leaders that were not there before take step and precision from those that were."""
        if index in self._met:
            return
        mine = torch.tensor([self.step, int(self.precision.of(index))], device=device)
        agreed = self.exchange.greatest(mine)
        self.step = int(agreed[0])
        self.precision.set(index, Format(int(agreed[1])))
        self._met.add(index)
