"""The first stage: one pass over a window gives a heat-map of nodule centres at stride 4.

Residual stages at strides 2, 4, 8 and 16, with channel attention in the deep ones; deep features
come down and fine ones come up to one map at stride 4, where each meeting point weighs its inputs
with learned positive weights (fast normalised fusion, EfficientDet, arXiv 1911.09070), so
millimetre nodules can lean on stride 2 and masses on stride 16; a spatial attention; light heads.

The attention map is trained to be the nodule's occupancy, unlike a free attention gate, so it can
be shown to a reader as what the network attends to.

What comes in and out stands in ``models.detector.contract``, which every detector shares.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.detector.blocks import Residual, conv

_LOCAL_CELLS = (7, 3)  # at strides 8 and 16: neighbourhoods of 56 and 48 mm
PRIOR = 0.01  # heat at the start of training (RetinaNet, arXiv 1708.02002 section 4.1)


class Encoder(nn.Module):
    """Features at four scales.

    Args:
        widths: channels at strides 2, 4, 8 and 16.
        local_attention: whether channel attention looks at a neighbourhood of some 50 mm; else at
            all that is put in.
    """

    def __init__(self, widths: tuple[int, int, int, int], *, local_attention: bool = False) -> None:
        super().__init__()
        cells8, cells16 = _LOCAL_CELLS if local_attention else (None, None)
        w2, w4, w8, w16 = widths
        self.stem = conv(1, w2, kernel=3, stride=2)
        self.stage2 = Residual(w2, w2)
        self.stage4 = nn.Sequential(Residual(w2, w4, stride=2), Residual(w4, w4))
        self.stage8 = nn.Sequential(
            Residual(w4, w8, stride=2),
            Residual(w8, w8, channel_attention=True, attention_cells=cells8),
        )
        self.stage16 = nn.Sequential(
            Residual(w8, w16, stride=2),
            Residual(w16, w16, channel_attention=True, attention_cells=cells16),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """``[b, 1, z, y, x]`` (sizes multiples of 16) to features at strides 2, 4, 8, 16."""
        f2 = self.stage2(self.stem(x))
        f4 = self.stage4(f2)
        f8 = self.stage8(f4)
        return f2, f4, f8, self.stage16(f8)


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


class SpatialAttention(nn.Module):
    """Amplify features where the attention map is high.

    Args:
        channels: channels of the features.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = conv(channels, channels // 2, kernel=1)
        self.score = nn.Conv3d(channels // 2, 1, kernel_size=3, padding=1)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """``[b, c, z, y, x]`` to (features, attention logits ``[b, 1, z, y, x]``)."""
        logits = self.score(self.squeeze(features))
        return features * (1.0 + torch.sigmoid(logits)), logits


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


@dataclass(frozen=True, slots=True)
class DetectorConfig:
    """Sizes of a detector, stored with its weights.

    Args:
        widths: channels at strides 2, 4, 8 and 16.
        channels: of the fused map.
        local_attention: whether a place is read alike in a patch and in a whole scan.
        mirrored: whether a whole scan is read in a mirror as well, which costs as much again; it
            always is where attention is not local.
    """

    widths: tuple[int, int, int, int] = (16, 48, 96, 128)
    channels: int = 48
    local_attention: bool = False
    mirrored: bool = False

    def build(self) -> Detector:
        """Make the network, freshly initialised."""
        return Detector(self)

    def to_dict(self) -> dict[str, object]:
        """As stored in a model card."""
        return asdict(self)


class Detector(nn.Module):
    """Encoder, fusion, supervised spatial attention, centre heads."""

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.local_attention = config.local_attention
        self.mirrored = config.mirrored or not config.local_attention
        self.encoder = Encoder(config.widths, local_attention=config.local_attention)
        self.pyramid = Pyramid(config.widths, config.channels)
        self.attention = SpatialAttention(config.channels)
        self.heads = CentreHeads(config.channels)

    def forward(self, x: Tensor) -> Tensor:
        """``[b, 1, z, y, x]`` normalised, 1 mm, multiples of 16, to ``[b, 6, z/4, y/4, x/4]``."""
        fused, attention = self.attention(self.pyramid(self.encoder(x)))
        return torch.cat([self.heads(fused), attention], dim=1)
