"""The first stage: one pass over a window gives a heat-map of nodule centres at stride 4.

Output contract, shared by every detector of the project: ``[b, 6, z/4, y/4, x/4]`` with channels
heat logit, offset z, y, x (cells, from the cell's centre), ln(diameter / mm), attention logit.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from models.detector.attention import SpatialAttention
from models.detector.encoder import Encoder
from models.detector.heads import CentreHeads
from models.detector.pyramid import Pyramid

STRIDE = 4
HEAT, OFFSET, LOG_DIAMETER, ATTENTION = 0, slice(1, 4), 4, 5
CHANNELS_OUT = 6


@dataclass(frozen=True, slots=True)
class DetectorConfig:
    """Sizes of a detector, stored with its weights.

    Args:
        widths: channels at strides 2, 4, 8 and 16.
        channels: of the fused map.
        local_attention: whether a place is read alike in a patch and in a whole scan.
    """

    widths: tuple[int, int, int, int] = (16, 48, 96, 128)
    channels: int = 48
    local_attention: bool = False

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
        self.encoder = Encoder(config.widths, local_attention=config.local_attention)
        self.pyramid = Pyramid(config.widths, config.channels)
        self.attention = SpatialAttention(config.channels)
        self.heads = CentreHeads(config.channels)

    def forward(self, x: Tensor) -> Tensor:
        """``[b, 1, z, y, x]`` normalised, 1 mm, multiples of 16, to ``[b, 6, z/4, y/4, x/4]``."""
        fused, attention = self.attention(self.pyramid(self.encoder(x)))
        return torch.cat([self.heads(fused), attention], dim=1)
