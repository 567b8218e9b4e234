"""How gradients travel between nodes: what a run may choose."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.distributed.compression.selection import SharedTopK
from models.distributed.ways import Way


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregatorConfig:
    """How gradients travel between nodes.

    Args:
        top: which share of the values is sent; their precision is measured for each bucket.
        seed: of stochastic rounding.
        automatic: for each bucket, measure when attached whether it goes dense, compressed, sparse
            or as factors of low rank, the last two only where ``top`` sends a part alone. Which one
            may differ between two runs; a resumed one keeps its choices.
    """

    top: SharedTopK = field(default_factory=SharedTopK)
    seed: int = 0
    automatic: bool = False

    @property
    def way(self) -> Way:
        """How every bucket travels."""
        return Way(sparse=self.top.k < 1, precision=None)
