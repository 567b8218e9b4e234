"""StarNet without words as one module that can be converted: a crop and its outline to a risk."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.starnet.image_tokens import ImageTokens
from models.starnet.network import StarNet
from models.starnet.text_encoder import Text
from models.starnet.trunk import Trunk


class ImageAlone(nn.Module):
    """Trunk and network, told nothing.

    Args:
        network: in evaluation mode.
        trunk: likewise.
    """

    def __init__(self, network: StarNet, trunk: Trunk) -> None:
        super().__init__()
        self.network, self.trunk = network, trunk

    def forward(
        self, crop: Tensor, mask: Tensor, measures: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Read nodules; arguments as of ``Trunk``.

        Returns:
            Logit of the risk, expected error, and the tokens but the measures, with which words
            can be read later.
        """
        tokens: ImageTokens = self.trunk(crop, mask, measures)
        row = torch.zeros_like(measures[:, :1])
        nothing = Text(row.long(), row, row.bool())
        reading = self.network(tokens, nothing)
        return (
            reading.logit, reading.expected_error, tokens.fine, tokens.coarse, tokens.shells,
        )  # fmt: skip
