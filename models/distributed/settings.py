"""How gradients travel between nodes: what a run may choose."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.distributed.compression.selection import SharedTopK
from models.distributed.compression.values import Format
from models.distributed.ways import DENSE, Way


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregatorConfig:
    """How gradients travel between nodes.

    Args:
        top: which share of the values is sent. With ``k = 1`` and ``precision = Format.FP32``
            this is DDP's own all-reduce, to the bit.
        precision: of the values; measured for each bucket where it is ``None``.
        seed: of stochastic rounding.
        automatic: for each bucket, measure when attached whether it goes dense, compressed, sparse
            or as factors of low rank, the last two only where ``top`` sends a part alone. Which one
            may differ between two runs; a resumed one keeps its choices.
    """

    top: SharedTopK = field(default_factory=SharedTopK)
    precision: Format | None = None
    seed: int = 0
    automatic: bool = False

    @property
    def way(self) -> Way:
        """How every bucket travels."""
        if self.top.k == 1 and self.precision is Format.FP32:
            return DENSE
        return Way(sparse=self.top.k < 1, precision=self.precision)
