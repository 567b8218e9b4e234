"""How far and how long a compression goes, as its teaching takes it."""

from __future__ import annotations

from dataclasses import dataclass

from models.compression.pruning import MULTIPLICATIONS_COUNT
from models.detector.refiner import RefinerConfig

SMALL_REFINER = RefinerConfig(widths=(8, 16, 32), hidden=64)
"""Half the widths, and one trunk: classifier and outline share all but their last layers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressionPlan:
    """How far and how long.

    Args:
        cost: multiplications and weights left, as a share of the teacher's.
        multiplications_count: how much multiplications count in the cost, 0 to 1; weights count
            the rest.
        seconds: of teaching after pruning, both stages.
        eight_bit_share: of these seconds, with every convolution rounded; where 0, bounds are
            found after the teaching.
        refinement_share: of these seconds, for a small second stage; where 0, the teacher's stays.
        learning_rate: peak, after pruning; a fifth of it in eight bits.
        refiner: sizes of the second stage.
        mirrored: the student reads in a mirror as well where its teacher does: twice the work.
    """

    cost: float = 0.26
    multiplications_count: float = MULTIPLICATIONS_COUNT
    seconds: float = 600.0
    eight_bit_share: float = 0.22
    refinement_share: float = 0.1
    learning_rate: float = 1.5e-3
    refiner: RefinerConfig = SMALL_REFINER
    mirrored: bool = False
