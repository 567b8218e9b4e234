"""HierarchicalAggregator: gradients at full precision inside nodes, a sparse part between them.

A DDP communication hook. How the mean is made: ``models.distributed.mean``, or for a bucket that
goes as factors of low rank ``models.distributed.compression.low_rank``; which strategy a bucket
takes: ``models.distributed.chooser``. What is not sent, and what compression loses, stays as a
residual. Sent plus residual is always the sum of the gradients.

On failure: an error of a peer or a timeout is raised by backward on every rank that notices it. A
gradient that is not finite on one node makes the mean not finite on all, and nothing of it is
remembered: the training loop leaves such a step out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from torch import Tensor, distributed, nn
from torch.distributed import GradBucket  # type: ignore[attr-defined]
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.futures import Future
from torch.nn.parallel import DistributedDataParallel

from models.distributed.bucket_queue import BucketQueue
from models.distributed.chooser import StrategyChooser
from models.distributed.compression.error_feedback import redistribute
from models.distributed.compression.low_rank import LowRank, errors_as_residuals, typical_matrix
from models.distributed.mean import HierarchicalMean
from models.distributed.strategy import AggregatorConfig, Strategy
from models.distributed.topology import NodeGroups, find_nodes

__all__ = ["AggregatorConfig", "HierarchicalAggregator"]


class HierarchicalAggregator:
    """Aggregates the gradients of one DDP module on one rank.

    Args:
        config: how.
        node_of_rank: number of each rank's node; found out when attached where it is ``None``.
    """

    def __init__(
        self,
        config: AggregatorConfig,
        *,
        node_of_rank: Sequence[int] | None = None,
    ) -> None:
        self.mean = HierarchicalMean(config)
        self.chooser = StrategyChooser(config)
        self.low_rank = LowRank(seed=config.seed)
        self._node_of_rank = node_of_rank
        self._names: dict[int, str] = {}
        self._queue: BucketQueue | None = None

    @property
    def sent_bytes(self) -> int:
        """Bytes that this rank has handed to other leaders so far; attach first."""
        return self.mean.exchange.sent_bytes if self.mean.groups.leader else 0

    def attach(self, ddp_module: DistributedDataParallel) -> None:
        """Take over the gradients of ``ddp_module``; all ranks must call this."""
        parameters = dict(ddp_module.module.named_parameters())
        self._names = {id(p): name for name, p in parameters.items()}
        device = next(iter(parameters.values())).device
        nodes = self._node_of_rank
        groups = NodeGroups(nodes if nodes is not None else find_nodes())
        self._ddp_group = ddp_module.process_group
        self.mean.join(groups, device)
        self._world = sum(len(ranks) for ranks in groups.nodes)
        most = sum(p.numel() for p in parameters.values() if p.requires_grad)
        shapes = [tuple(p.shape) for p in parameters.values() if p.requires_grad]
        all_ranks = cast(distributed.ProcessGroup, distributed.new_group())
        self.low_rank.join(all_ranks)
        self.chooser.join(groups, device, ddp_group=self._ddp_group, most=most,
                          matrix=typical_matrix(shapes), all_ranks=all_ranks)  # fmt: skip
        self._queue = queue = BucketQueue(self.mean.of)

        def hook(state: object, bucket: GradBucket) -> Future[Tensor]:
            return self._hook(bucket, queue)

        # DDP compares annotations as objects, and this file's are text
        hook.__annotations__["bucket"] = GradBucket
        hook.__annotations__["return"] = Future[Tensor]
        ddp_module.register_comm_hook(None, hook)

    def state_dict(self) -> dict[str, Any]:
        """Return this rank's residuals, and what decides its next step; call it between steps."""
        if self._queue is not None:
            self._queue.thread.settle()
        strategies, low_rank = self.chooser.state_dict(), self.low_rank.state_dict()
        # "ways": the name in checkpoints
        return {**self.mean.state_dict(), "ways": strategies, "low_rank": low_rank}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state; all ranks must do so before the same step.

        After a change of the world's size: ``take_over``.
        """
        self.mean.load_state_dict(state)
        self.chooser.load_state_dict(state.get("ways", {}))
        self.low_rank.load_state_dict(state.get("low_rank") or {})

    def take_over(self, states: Sequence[dict[str, Any]], *, rank: int, world: int) -> None:
        """Go on from the states of another number of ranks; their residuals are shared out.

        Rounding starts anew, and strategies are chosen again.

        Args:
            states: of all old ranks, in order.
            rank: this one.
            world: how many there are now.
        """
        own_state = redistribute(errors_as_residuals(states), world)[rank]
        first = states[0]  # a leader in any world
        self.load_state_dict({**own_state, "step": first["step"], "precision": first["precision"]})

    def flush(self, module: nn.Module) -> None:
        """Add the residual to the gradients of ``module``: there is no rank left to send it to."""
        for name, parameter in module.named_parameters():
            like = parameter.detach().flatten()
            if (residual := self.mean.residuals.take(((name, len(like)),), like)) is not None:
                residual = residual.view_as(parameter)
                parameter.grad = residual if parameter.grad is None else parameter.grad + residual

    def strategy_of(self, index: int, size: int) -> Strategy:
        """How a bucket travels; the same on all ranks.

        Args:
            index: of the bucket.
            size: values in it.
        """
        return self.chooser.of(index, size)

    def _hook(self, bucket: GradBucket, queue: BucketQueue) -> Future[Tensor]:
        layout = tuple((self._names[id(p)], p.numel()) for p in bucket.parameters())
        gradient, index = bucket.buffer(), bucket.index()
        strategy = self.strategy_of(index, len(gradient))
        mean: Future[Tensor]
        direct = strategy.flat or strategy.low_rank  # by all ranks, not by way of the leaders
        if direct and (residual := self.mean.residuals.take(layout, gradient)) is not None:
            gradient.add_(residual, alpha=self._world)
        if not strategy.low_rank and (error := self.low_rank.take(layout)) is not None:
            gradient.add_(error)
        if strategy.flat:
            mean = allreduce_hook(self._ddp_group, bucket)
        elif strategy.low_rank:
            shapes = [tuple(p.shape) for p in bucket.parameters()]
            mean = queue.thread.new_future(gradient.device)
            queue.thread.send(
                lambda: [self.low_rank.mean(gradient, layout, shapes, index)],
                [mean],
                gradient.device,
            )
        else:
            mean = queue.put(gradient, layout, index, strategy)
        if bucket.is_last():
            queue.end_step(self._end_step, gradient.device)
        return mean

    def _end_step(self) -> None:
        self.mean.step += 1
