"""Which values of a gradient are sent, and their positions as few bytes.

A value waits ``1 / k`` steps on average before it is sent, so a run that sends few lags behind.
Many are therefore sent while it warms up, when much is learnt, and again at its end, so that little
is left when it stops; between them few.

Sorted positions are coded by Elias-Fano (P. Elias, J. ACM 1974;21:246): each is cut into low bits,
stored as they are, and a high part, stored as gaps in unary. It takes ``log2(n / k) + 2`` bits a
position at most, half a bit from the least possible, and its size follows from ``n`` and ``k``
alone: receivers need no header.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_BYTE = 8


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


def index_bytes(count: int, size: int) -> int:
    """Bytes for ``count`` positions below ``size``."""
    low = _low_bits(count, size)
    return _bytes(count * low) + _bytes(count + (size >> low) + 1)


def encode_indices(indices: Tensor, size: int) -> Tensor:
    """Write positions.

    Args:
        indices: ``[count]`` int64, strictly rising, at least one, from 0 to ``size - 1``.
        size: what they point into.

    Returns:
        ``[index_bytes(count, size)]`` uint8.
    """
    count = len(indices)
    low = _low_bits(count, size)
    shifts = torch.arange(low, device=indices.device)
    lows = (indices[:, None] >> shifts) & 1
    highs = torch.zeros(count + (size >> low) + 1, dtype=torch.uint8, device=indices.device)
    highs[(indices >> low) + torch.arange(count, device=indices.device)] = 1
    return torch.cat([pack_bits(lows.flatten().to(torch.uint8)), pack_bits(highs)])


def decode_indices(data: Tensor, count: int, size: int) -> Tensor:
    """Read what ``encode_indices`` wrote: ``[count]`` int64.

    Raises:
        ValueError: the bytes do not hold so many positions.
    """
    low = _low_bits(count, size)
    cut = _bytes(count * low)
    lows = unpack_bits(data[:cut], count * low).view(count, low).long()
    highs = unpack_bits(data[cut:], count + (size >> low) + 1).nonzero()[:, 0]
    if len(highs) != count:
        raise ValueError(f"expected {count} positions below {size}, the bytes hold {len(highs)}")
    highs = highs - torch.arange(count, device=data.device)
    return (highs << low) + (lows << torch.arange(low, device=data.device)).sum(1)


def pack_bits(bits: Tensor) -> Tensor:
    """``[n]`` uint8 of 0 and 1 to ``[ceil(n / 8)]`` uint8, the first bit lowest."""
    rows = torch.nn.functional.pad(bits, (0, -len(bits) % _BYTE)).view(-1, _BYTE)
    return (rows << _places(bits)).sum(1, dtype=torch.uint8)


def unpack_bits(data: Tensor, count: int) -> Tensor:
    """Return the first ``count`` bits of what ``pack_bits`` gave, as uint8."""
    return ((data[:, None] >> _places(data)) & 1).flatten()[:count]


def _places(like: Tensor) -> Tensor:
    return torch.arange(_BYTE, dtype=torch.uint8, device=like.device)


def _low_bits(count: int, size: int) -> int:
    return max(0, math.floor(math.log2(size / count)))


def _bytes(bits: int) -> int:
    return math.ceil(bits / _BYTE)
