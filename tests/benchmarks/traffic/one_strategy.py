"""An aggregator whose buckets always go one strategy, so that ways can be compared."""

from __future__ import annotations

from collections.abc import Sequence

from models.distributed.aggregator import AggregatorConfig, HierarchicalAggregator
from models.distributed.compression.selection import SharedTopK
from models.distributed.compression.values import Format
from models.distributed.strategy import DENSE, Strategy


class _SameShare(SharedTopK):
    """The same share whatever the number of nodes, to show why the product sends fewer."""

    def count(self, size: int, *, step: int, nodes: int) -> int:
        return super().count(size, step=step, nodes=2)


class OneStrategy(HierarchicalAggregator):
    """Sends every bucket the same strategy, also where the product would leave it to DDP.

    Args:
        k: share of the values that is sent; 1 sends all.
        form: of the values; measured where it is ``None``.
        warmup: steps in which k falls from ``k_start``.
        hold: send fewer values between more nodes.
        seed: of stochastic rounding.
        k_start: share at the first step.
        flat: DDP's own all-reduce, through our hook.
        node_of_rank: as in the product.
    """

    def __init__(
        self,
        *,
        k: float = 1.0,
        form: Format | None = None,
        warmup: int = 0,
        hold: bool = True,
        seed: int = 0,
        flat: bool = False,
        node_of_rank: Sequence[int] | None = None,
        k_start: float = 0.1,
    ) -> None:
        selection = SharedTopK if hold else _SameShare
        top = selection(k=k, k_start=max(k_start, k), warmup_steps=warmup)
        super().__init__(AggregatorConfig(top=top, seed=seed), node_of_rank=node_of_rank)
        self.strategy = DENSE if flat else Strategy(sparse=k < 1, precision=form)

    def strategy_of(self, index: int, size: int) -> Strategy:
        return self.strategy
