"""How gradients travel between nodes: the strategies of a bucket, and what a run may choose."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.distributed.compression.selection import SharedTopK
from models.distributed.compression.values import Format


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """One strategy.

    Args:
        sparse: only the largest values, with their positions.
        precision: of the values; measured while training where it is ``None``.
        flat: DDP's own all-reduce over all ranks; the others say nothing then.
        low_rank: as factors of low rank, over all ranks, too; see ``compression.low_rank``.
    """

    sparse: bool = False
    precision: Format | None = Format.FP32
    flat: bool = False
    low_rank: bool = False

    @property
    def name(self) -> str:
        """A word for people and for checkpoints."""
        if self.flat:
            return "dense"
        if self.low_rank:
            return "low-rank"
        return "sparse" if self.sparse else "compressed"


DENSE = Strategy(flat=True)
LOW_RANK = Strategy(low_rank=True)


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
    def strategy(self) -> Strategy:
        """How every bucket travels."""
        return Strategy(sparse=self.top.k < 1, precision=None)
