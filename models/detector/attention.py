"""3D spatial attention whose map is supervised by the nodule masks.

Unlike a free attention gate, the map is trained to be the nodule's occupancy, so it can be shown
to a reader as what the network attends to.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.detector.blocks import conv


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
