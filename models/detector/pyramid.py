"""Multi-scale fusion: deep features come down, fine ones come up, to one map at stride 4.

Each meeting point weighs its inputs with learned positive weights (fast normalised fusion,
EfficientDet, arXiv 1911.09070), so millimetre nodules can lean on stride 2 and masses on
stride 16.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.detector.blocks import conv


class WeightedSum(nn.Module):
    """Sum of maps of one shape, weights learned, positive and normalised."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(inputs))

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Return the weighted sum."""
        weight = functional.relu(self.weight)
        weight = weight / (weight.sum() + 1e-4)
        return torch.stack([weight[i] * each for i, each in enumerate(maps)]).sum(0)


def _twice(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="trilinear", align_corners=False)


class Pyramid(nn.Module):
    """Fuse strides 2, 4, 8, 16 into one map at stride 4.

    Args:
        widths: the encoder's channels.
        channels: channels of the fused map.
    """

    def __init__(self, widths: tuple[int, int, int, int], channels: int) -> None:
        super().__init__()
        w2, w4, w8, w16 = widths
        self.up2 = conv(w2, channels, stride=2)
        self.lateral4 = conv(w4, channels, kernel=1, act=False)
        self.lateral8 = conv(w8, channels, kernel=1, act=False)
        self.lateral16 = conv(w16, channels, kernel=1, act=False)
        self.meet8, self.meet4 = WeightedSum(2), WeightedSum(3)
        self.smooth8, self.smooth4 = conv(channels, channels), conv(channels, channels)

    def forward(self, features: tuple[Tensor, Tensor, Tensor, Tensor]) -> Tensor:
        """Return ``[b, channels, z/4, y/4, x/4]``."""
        f2, f4, f8, f16 = features
        p8 = self.smooth8(self.meet8([self.lateral8(f8), _twice(self.lateral16(f16))]))
        fused: Tensor = self.smooth4(self.meet4([self.lateral4(f4), _twice(p8), self.up2(f2)]))
        return fused
