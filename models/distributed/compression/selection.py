"""Which values of a gradient are sent: how many, and which.

A value waits ``1 / k`` steps on average before it is sent, so a run that sends few lags behind.
Many are therefore sent while it warms up, when much is learnt, and again at its end, so that little
is owed when it stops; between them few.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedTopK:
    """The share ``k`` of values that are sent, falling geometrically while training warms up.

    Warm-up as in Deep Gradient Compression, arXiv 1712.01887, section 3.3.

    Args:
        k: share after warm-up, in (0, 1]; 1 sends everything and no positions.
        k_start: share at step 0, not below ``k``.
        warmup_steps: steps from one to the other.

    Raises:
        ValueError: a share is outside of its range, or steps are negative.
    """

    k: float = 0.001
    k_start: float = 0.1
    warmup_steps: int = 200

    def __post_init__(self) -> None:
        if not 0 < self.k <= 1:
            raise ValueError(f"k must be in (0, 1], got {self.k}")
        if not self.k <= self.k_start <= 1:
            raise ValueError(f"k_start must be in [k, 1], got {self.k_start} with k = {self.k}")
        if self.warmup_steps < 0:
            raise ValueError(f"warmup_steps must not be negative, got {self.warmup_steps}")

    def share(self, step: int) -> float:
        """Share of the values at a step, before the number of nodes is looked at."""
        if self.k == 1 or step >= self.warmup_steps:
            return self.k
        return float(self.k_start * (self.k / self.k_start) ** (step / self.warmup_steps))

    def count(self, size: int, *, step: int, nodes: int) -> int:
        """How many of ``size`` values are sent, at least one; the same on every node.

        Fewer between more nodes, so that the bytes of one node stay what they are between two: any
        all-reduce makes a node send ``2 (n - 1) / n`` times its payload, 1.75 times as much at
        eight nodes as at two, and no way of summing avoids it.
        """
        share = self.share(step)
        if share == 1:
            return size
        if nodes > 2:
            share *= nodes / (2 * (nodes - 1))
        return min(size, max(1, round(share * size)))


def largest(values: Tensor, count: int) -> Tensor:
    """Positions of the ``count`` largest magnitudes of ``[n]``, rising, int64."""
    return torch.topk(values.abs(), count, sorted=False).indices.sort().values
