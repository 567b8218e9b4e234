"""How much each group of tokens weighs, and what each says: the risk is their weighted sum."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.starnet.config import GROUPS, RATINGS, StarNetConfig

TEXT = GROUPS.index("text")
_HIDDEN = 16


class Gated(NamedTuple):
    """What the groups say, in the order of ``GROUPS``."""

    weights: Tensor  # [n, 5] sum to one
    votes: Tensor  # [n, 5] logits of the risk by each group
    trust: Tensor  # [n] logit: does the text speak of this nodule at all

    def logit(self) -> Tensor:
        """Logit of the risk: ``[n]``."""
        return (self.weights * self.votes).sum(-1)


class Gate(nn.Module):
    """Weighs the groups' summaries.

    Text is weighed down by how little it is trusted: by what it holds, and by how far the looks
    that it tells lie from those that the image shows. Of an absent group the weight is zero.

    Args:
        config: sizes.
    """

    def __init__(self, config: StarNetConfig) -> None:
        super().__init__()
        width = config.width
        self.vote = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width, width // 2), nn.GELU(), nn.Dropout(config.dropout),
                nn.Linear(width // 2, 1),
            )
            for _ in GROUPS
        )  # fmt: skip
        self.weigh = nn.ModuleList(
            nn.Sequential(nn.Linear(width, _HIDDEN), nn.Tanh(), nn.Linear(_HIDDEN, 1))
            for _ in GROUPS
        )
        self.see, self.read = nn.Linear(width, _HIDDEN), nn.Linear(width, _HIDDEN)
        self.trust = nn.Linear(3 * _HIDDEN + RATINGS, 1)

    def forward(self, groups: Tensor, raw_text: Tensor, apart: Tensor, present: Tensor) -> Gated:
        """Weigh.

        Args:
            groups: ``[n, 5, width]`` summaries after the cross-attention.
            raw_text: ``[n, width]`` summary of the text before it.
            apart: ``[n, 7]`` how far the looks by text and by image lie apart, 0 to 1.
            present: ``[n, 5]`` bool.
        """
        parts = groups.unbind(1)
        votes = torch.cat([net(x) for net, x in zip(self.vote, parts, strict=True)], 1)
        scores = torch.cat([net(x) for net, x in zip(self.weigh, parts, strict=True)], 1)
        image = torch.stack(parts[:TEXT]).mean(0)
        seen, read = self.see(image).tanh(), self.read(raw_text).tanh()
        signs = [seen * read, (seen - read).abs(), read, apart]
        trust = self.trust(torch.cat(signs, 1))[:, 0]
        lowered = scores[:, TEXT] + functional.logsigmoid(trust)
        scores = torch.cat([scores[:, :TEXT], lowered[:, None]], 1)
        weights = scores.masked_fill(~present, -1e4).softmax(-1)
        return Gated(weights, votes, trust)
