"""Light heads: centre heat-map, offset of the centre inside its cell, log diameter."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from models.detector.blocks import conv

PRIOR = 0.01  # heat at the start of training (RetinaNet, arXiv 1708.02002 section 4.1)


class CentreHeads(nn.Module):
    """One shared convolution, then one 1x1x1 convolution a head.

    Args:
        channels: channels of the fused map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shared = conv(channels, channels)
        self.heat = nn.Conv3d(channels, 1, kernel_size=1)
        self.offset = nn.Conv3d(channels, 3, kernel_size=1)
        self.log_diameter = nn.Conv3d(channels, 1, kernel_size=1)
        nn.init.constant_(self.heat.bias, -math.log((1 - PRIOR) / PRIOR))  # type: ignore[arg-type]
        nn.init.constant_(self.log_diameter.bias, math.log(9.0))  # type: ignore[arg-type]

    def forward(self, fused: Tensor) -> Tensor:
        """Return ``[b, 5, z, y, x]``: heat logit, offset (z, y, x) in cells, ln(diameter in mm)."""
        shared = self.shared(fused)
        return torch.cat([self.heat(shared), self.offset(shared), self.log_diameter(shared)], 1)
