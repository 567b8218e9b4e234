"""Cross-attention between image and text whose queries are chosen by what is said and seen.

In the usual design every token asks the other modality. Here a token asks only where asking pays:
each scores itself against the other modality's summary (what it holds, and how far the two lie
apart), and those above one half become queries, shaped by that summary. Number and content of the
queries so depend on the input. In training all ask, and what the others took is masked, which gives
the same sum; a budget keeps the share of queries small.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.starnet.config import StarNetConfig
from models.starnet.layers import Attention, FeedForward, Maker

MIN_QUERIES = 2


class Asked(NamedTuple):
    """Tokens after they asked, and the share of them that did."""

    tokens: Tensor  # [n, t, width]
    share: Tensor  # [n]


class CrossAttention(nn.Module):
    """One modality asks the other.

    Args:
        config: sizes, and whether queries are chosen.
        make: of the projections.
    """

    def __init__(self, config: StarNetConfig, *, make: Maker) -> None:
        super().__init__()
        width = config.width
        self.dynamic = config.dynamic
        self.norm_q, self.norm_k, self.norm_f = (nn.LayerNorm(width) for _ in range(3))
        self.attend = Attention(
            width, config.heads, make=make.inside("attend"), dropout=config.dropout
        )
        self.feed = FeedForward(width, make=make.inside("feed"), dropout=config.dropout)
        if self.dynamic:
            small = width // 4
            self.own, self.other = nn.Linear(width, small), nn.Linear(width, small)
            self.score = nn.Linear(2 * small, 1)
            self.shape = make("shape", width, width)

    def forward(self, tokens: Tensor, here: Tensor, others: Tensor, there: Tensor) -> Asked:
        """Let tokens ask the others.

        Args:
            tokens: ``[n, t, width]`` that may ask.
            here: ``[n, t]`` bool, which of them there are.
            others: ``[n, k, width]`` that answer.
            there: ``[n, k]`` bool, which of them there are.
        """
        if not (here.any() and there.any()):
            return Asked(tokens, tokens.new_zeros(len(tokens)))
        keys = self.norm_k(others)
        if not self.dynamic:
            asked = self._ask(tokens, keys, there)
            any_answer = there.any(1)
            return Asked(torch.where(any_answer[:, None, None], asked, tokens), any_answer.float())
        summary = mean_of(others, there)
        wish = self._wish(tokens, here, summary)
        if self.training:
            return self._ask_all(tokens, here, keys, there, summary, wish)
        return self._ask_chosen(tokens, here, keys, there, summary, wish)

    def _wish(self, tokens: Tensor, here: Tensor, summary: Tensor) -> Tensor:
        """How much each token wants to ask, 0 to 1: by what it holds and how far it lies apart."""
        own, other = self.own(tokens), self.other(summary)[:, None]
        apart = (own - other).abs()
        wish = torch.sigmoid(self.score(torch.cat([own.tanh(), apart], -1))[..., 0])
        return wish * here

    def _ask(self, tokens: Tensor, keys: Tensor, there: Tensor) -> Tensor:
        asked = tokens + self.attend(self.norm_q(tokens), keys, there)
        out: Tensor = asked + self.feed(self.norm_f(asked))
        return out

    def _ask_all(
        self,
        tokens: Tensor,
        here: Tensor,
        keys: Tensor,
        there: Tensor,
        summary: Tensor,
        wish: Tensor,
    ) -> Asked:
        hard = chosen(wish, here) & there.any(1, keepdim=True)
        through = hard.float() + wish - wish.detach()  # the gradient of the wish, straight through
        shaped = tokens + self.shape(summary)[:, None]
        change = self._ask(shaped, keys, there) - tokens
        share = (wish * there.any(1, keepdim=True)).sum(1) / here.sum(1).clamp(min=1)
        return Asked(tokens + through[..., None] * hard[..., None] * change, share)

    def _ask_chosen(
        self,
        tokens: Tensor,
        here: Tensor,
        keys: Tensor,
        there: Tensor,
        summary: Tensor,
        wish: Tensor,
    ) -> Asked:
        hard = chosen(wish, here) & there.any(1, keepdim=True)
        counts = hard.sum(1)
        share = counts / here.sum(1).clamp(min=1)
        most = int(counts.max())
        if most == 0:
            return Asked(tokens, share)
        places = hard.float().topk(most, dim=1).indices
        index = places[..., None].expand(-1, -1, tokens.shape[-1])
        before = tokens.gather(1, index)
        after = self._ask(before + self.shape(summary)[:, None], keys, there)
        real = hard.gather(1, places)[..., None]
        return Asked(tokens.scatter(1, index, torch.where(real, after, before)), share)


def chosen(wish: Tensor, here: Tensor) -> Tensor:
    """``[n, t]`` bool: tokens above one half, and at least the strongest ``MIN_QUERIES``."""
    least = min(MIN_QUERIES, wish.shape[1])
    strongest = torch.zeros_like(here).scatter(1, wish.topk(least, dim=1).indices, True)
    return ((wish > 0.5) | strongest) & here


def mean_of(tokens: Tensor, present: Tensor) -> Tensor:
    """Mean of the tokens present: ``[n, width]``, zero where there is none."""
    weights = present.to(tokens.dtype)[..., None]
    return (tokens * weights).sum(1) / weights.sum(1).clamp(min=1)
