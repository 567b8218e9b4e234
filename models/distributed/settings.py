"""How gradients travel between nodes: what a run may choose."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.distributed.selection import SharedTopK
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
