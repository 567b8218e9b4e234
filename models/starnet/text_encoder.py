"""Subwords and numbers of a text to tokens, and what the text says of looks and of the patient."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.starnet.config import CONTEXT, RATINGS, StarNetConfig
from models.starnet.layers import Attention, FeedForward, Maker

_WAVES = 6


class Text(NamedTuple):
    """``n`` texts as the tokenizer gives them; an absent text has no token present."""

    ids: Tensor  # [n, t] long, 0 where there is none
    values: Tensor  # [n, t] of numbers with units; 0 elsewhere
    present: Tensor  # [n, t] bool


class TextEncoder(nn.Module):
    """A small transformer.

    Args:
        config: sizes.
        make: of the projections.
    """

    def __init__(self, config: StarNetConfig, *, make: Maker) -> None:
        super().__init__()
        width = config.width
        small = config.ranks.get("embedding")
        self.embed = nn.Embedding(config.vocabulary, small or width, padding_idx=0)
        # small, so that a few hundred steps move a word further than where it began
        nn.init.normal_(self.embed.weight, std=0.02)
        self.widen = nn.Linear(small, width, bias=False) if small else nn.Identity()
        self.position = nn.Parameter(torch.randn(config.max_tokens, width) * 0.02)
        self.number = nn.Linear(2 * _WAVES + 1, width)
        self.drop = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList(
            TextLayer(config, make=make.inside(f"layers.{i}")) for i in range(config.text_layers)
        )
        self.norm = nn.LayerNorm(width)
        self.ratings = nn.Linear(width, RATINGS)
        self.context = nn.Linear(width, 2 * CONTEXT)

    def forward(self, text: Text) -> Tensor:
        """Tokens ``[n, t, width]``."""
        x = self.widen(self.embed(text.ids)) + self.position[: text.ids.shape[1]]
        x = x + (text.values > 0)[..., None] * self.number(number_waves(text.values))
        x = self.drop(x)
        for layer in self.layers:
            x = layer(x, text.present)
        tokens: Tensor = self.norm(x) * text.present[..., None]
        return tokens


class TextLayer(nn.Module):
    """Self-attention and feed-forward block, norms first."""

    def __init__(self, config: StarNetConfig, *, make: Maker) -> None:
        super().__init__()
        width = config.width
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend = Attention(
            width, config.heads, make=make.inside("attend"), dropout=config.dropout
        )
        self.feed = FeedForward(width, make=make.inside("feed"), dropout=config.dropout)

    def forward(self, x: Tensor, present: Tensor) -> Tensor:
        """``[n, t, width]`` to the same."""
        seen = self.norm1(x)
        x = x + self.attend(seen, seen, present)
        out: Tensor = x + self.feed(self.norm2(x))
        return out


def number_waves(values: Tensor) -> Tensor:
    """Logarithm of numbers and waves of it: ``[..., 13]``; sizes differ by ratios."""
    logs = torch.log1p(values.clamp(min=0))[..., None]
    steps = math.pi * 2.0 ** torch.arange(_WAVES, device=values.device) / 8
    return torch.cat([logs, torch.sin(logs * steps), torch.cos(logs * steps)], -1)
