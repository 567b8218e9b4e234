"""The second stage's convolutions on a near crop, kept with StarNet's weights, and their tokens.

A detector that is retrained changes its features; a copy of the trunk that StarNet was taught on
keeps its reading the same whatever detector found the nodule. It runs once a finding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.detector.contract import CROP
from models.detector.refiner import Stream
from models.starnet.image_tokens import COARSE_GRID, FINE_GRID, ImageTokens


class Trunk(nn.Module):
    """A near crop and its outline to tokens.

    Args:
        widths: channels at strides 1, 2 and 4.
    """

    def __init__(self, widths: tuple[int, int, int]) -> None:
        super().__init__()
        self.near = Stream(widths)

    def maps(self, crop: Tensor) -> tuple[Tensor, Tensor]:
        """Feature maps ``[n, c2, 16, 16, 16]`` and ``[n, c4, 8, 8, 8]`` of normalised crops."""
        _, f2, f4 = self.near(crop)
        return f2, f4

    def forward(self, crop: Tensor, mask: Tensor, measures: Tensor) -> ImageTokens:
        """Cut tokens.

        Args:
            crop: ``[n, 1, 32, 32, 32]`` normalised.
            mask: ``[n, 1, 32, 32, 32]`` 0 or 1, the outline.
            measures: ``[n, m]``.
        """
        return cut_tokens(*self.maps(crop), mask, measures)


def cut_tokens(f2: Tensor, f4: Tensor, mask: Tensor, measures: Tensor) -> ImageTokens:
    """Cut feature maps into cells and shells; arguments as of ``Trunk``."""
    fine, coarse = (
        _cells(features, mask, grid) for features, grid in ((f2, FINE_GRID), (f4, COARSE_GRID))
    )
    up = functional.interpolate(f4, scale_factor=2.0)
    both = torch.cat([f2, up], 1).flatten(2)
    weights = shells_of(mask).flatten(2)
    weights = weights / weights.sum(-1, keepdim=True).clamp(min=1e-6)
    shells = weights @ both.transpose(1, 2)
    return ImageTokens(fine, coarse, shells, measures)


def _cells(features: Tensor, mask: Tensor, grid: int) -> Tensor:
    pooled = functional.avg_pool3d(features, features.shape[-1] // grid)
    share = functional.avg_pool3d(mask, CROP // grid)
    return torch.cat([pooled, share], 1).flatten(2).transpose(1, 2)


def shells_of(mask: Tensor) -> Tensor:
    """``[n, 4, 16, 16, 16]`` weights of core, rim, just outside and surroundings."""
    half = functional.avg_pool3d(mask, 2)
    core = -functional.max_pool3d(-half, 3, 1, 1)
    grown = functional.max_pool3d(half, 3, 1, 1)
    far = functional.max_pool3d(grown, 5, 1, 2)
    return torch.cat([core, half - core, grown - half, far - grown], 1)
