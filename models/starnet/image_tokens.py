"""What StarNet is shown of nodules, cut into tokens: how many, and of what."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

FINE_GRID, COARSE_GRID = 4, 2
SHELLS = 4


class ImageTokens(NamedTuple):
    """What StarNet is shown of ``n`` nodules, cut into tokens.

    The last channel of fine and coarse cells is the share of the cell that is outlined.
    """

    fine: Tensor  # [n, 64, c2 + 1] cells of 1/4 of the crop's edge, features at half resolution
    coarse: Tensor  # [n, 8, c4 + 1] cells of half its edge, features at a quarter of it
    shells: Tensor  # [n, 4, c2 + c4] core, rim, just outside, surroundings
    measures: Tensor  # [n, m] standardised measures of outline and HU
