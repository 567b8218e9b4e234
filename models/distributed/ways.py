"""The ways in which a bucket of gradients can travel between nodes."""

from __future__ import annotations

from dataclasses import dataclass

from models.distributed.compression.values import Format


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way.

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


DENSE = Way(flat=True)
LOW_RANK = Way(low_rank=True)
