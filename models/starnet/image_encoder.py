"""Cells, shells and measures of a nodule to tokens of one width."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.starnet.config import IMAGE_GROUPS, RATINGS, StarNetConfig
from models.starnet.image_tokens import COARSE_GRID, FINE_GRID, SHELLS, ImageTokens
from models.starnet.layers import Maker

SIZES = (FINE_GRID**3, COARSE_GRID**3, SHELLS, 1)
"""Tokens of each group: fine and coarse cells, shells, measures."""
COUNT = sum(SIZES)


class ImageEncoder(nn.Module):
    """Tokens of an image; measures and features are standardised by what training saw.

    Args:
        config: sizes.
        make: of the projections.
    """

    def __init__(self, config: StarNetConfig, *, make: Maker) -> None:
        super().__init__()
        _, c2, c4 = config.trunk_widths
        channels = (c2 + 1, c4 + 1, c2 + c4, config.measures)
        for number, count in enumerate(channels):
            self.register_buffer(f"mean{number}", torch.zeros(count))
            self.register_buffer(f"scale{number}", torch.ones(count))
        width = config.width
        self.project = nn.ModuleList(
            make(f"project.{number}", count, width) for number, count in enumerate(channels)
        )
        self.position = nn.Parameter(torch.randn(COUNT, width) * 0.02)
        self.mix = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), make(f"mix.{number}", width, width), nn.GELU())
            for number in range(IMAGE_GROUPS)
        )
        self.drop = nn.Dropout(config.dropout)
        self.norm = nn.LayerNorm(width)
        self.ratings = nn.Linear(width, RATINGS)

    @torch.no_grad()
    def standardise(self, tokens: ImageTokens) -> None:
        """Take mean and standard deviation of each channel from the nodules of a training."""
        for number, part in enumerate(tokens):
            flat = part.float().flatten(0, -2)
            getattr(self, f"mean{number}").copy_(flat.mean(0))
            getattr(self, f"scale{number}").copy_(flat.std(0).clamp(min=1e-3))

    def forward(self, tokens: ImageTokens) -> Tensor:
        """Tokens ``[n, 77, width]``, group after group."""
        groups = []
        for number, part in enumerate(tokens):
            own = part[:, None] if part.dim() == 2 else part
            level = (own - getattr(self, f"mean{number}")) / getattr(self, f"scale{number}")
            groups.append(self.project[number](level.clamp(-6, 6)))
        places = torch.split(self.position, list(SIZES))
        mixed = [
            x + self.mix[number](x)
            for number, x in enumerate(
                self.drop(group + place) for group, place in zip(groups, places, strict=True)
            )
        ]
        out: Tensor = self.norm(torch.cat(mixed, 1))
        return out


class Split(NamedTuple):
    """Tokens of an image by their groups."""

    fine: Tensor
    coarse: Tensor
    shells: Tensor
    measures: Tensor


def split_groups(tokens: Tensor) -> Split:
    """``[n, 77, width]`` to its groups."""
    return Split(*torch.split(tokens, list(SIZES), dim=1))
