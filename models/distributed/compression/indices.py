"""Sorted positions as few bytes: Elias-Fano coding, bit-packed.

Each position is cut into low bits, stored as they are, and a high part, stored as gaps in unary. It
takes ``log2(n / k) + 2`` bits a position at most, half a bit from the least possible, and its size
follows from ``n`` and ``k`` alone: receivers need no header. P. Elias, J. ACM 1974;21:246.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_BYTE = 8


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
