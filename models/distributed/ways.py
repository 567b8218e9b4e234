"""The ways in which a bucket of gradients can travel between nodes."""

from __future__ import annotations

from dataclasses import dataclass

from models.distributed.values import Format


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way.

    Args:
        sparse: only the largest values, with their positions.
        precision: of the values; measured while training where it is ``None``.
        flat: DDP's own all-reduce over all ranks; the other two say nothing then.
    """

    sparse: bool = False
    precision: Format | None = Format.FP32
    flat: bool = False


DENSE = Way(flat=True)
