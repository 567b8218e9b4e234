"""Projections of full or of low rank, and the feed-forward block."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class Projection(nn.Module):
    """A linear map, as one matrix or as the product of two thin ones.

    Args:
        inputs: channels.
        outputs: channels.
        name: by which its rank is chosen.
        rank: of the product; one matrix where ``None``.
    """

    def __init__(
        self, inputs: int, outputs: int, *, name: str = "", rank: int | None = None
    ) -> None:
        super().__init__()
        self.name, self.shape, self.rank = name, (inputs, outputs), rank
        if rank is None:
            self.full: nn.Linear | None = nn.Linear(inputs, outputs)
        else:
            self.full = None
            self.down = nn.Linear(inputs, rank, bias=False)
            self.up = nn.Linear(rank, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """``[..., inputs]`` to ``[..., outputs]``."""
        out: Tensor = self.full(x) if self.full is not None else self.up(self.down(x))
        return out

    @torch.no_grad()
    def copy_from(self, other: Projection) -> None:
        """Take over another's map, the nearest of this rank (truncated SVD).

        Raises:
            ValueError: the shapes differ, or the other's rank is lower than full.
        """
        if other.shape != self.shape or other.full is None:
            raise ValueError(f"no full map of shape {self.shape}")
        if self.full is not None:
            self.full.load_state_dict(other.full.state_dict())
            return
        u, s, v = torch.linalg.svd(other.full.weight, full_matrices=False)
        root = s[: self.rank].sqrt()
        self.up.weight.copy_(u[:, : self.rank] * root)
        self.down.weight.copy_(root[:, None] * v[: self.rank])
        self.up.bias.copy_(other.full.bias)


class Maker:
    """Makes projections that know their place, so that each can have a rank of its own."""

    def __init__(self, ranks: Mapping[str, int], place: str = "") -> None:
        self.ranks, self.place = ranks, place

    def __call__(self, name: str, inputs: int, outputs: int) -> Projection:
        """Make the projection called ``name`` here."""
        whole = self.place + name
        return Projection(inputs, outputs, name=whole, rank=self.ranks.get(whole))

    def inside(self, part: str) -> Maker:
        """Return the maker of a part."""
        return Maker(self.ranks, f"{self.place}{part}.")


class FeedForward(nn.Module):
    """Two projections with GELU between, twice as wide inside."""

    def __init__(self, width: int, *, make: Maker, dropout: float) -> None:
        super().__init__()
        self.into = make("into", width, 2 * width)
        self.out = make("out", 2 * width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """``[..., width]`` to the same."""
        return self.drop(self.out(nn.functional.gelu(self.into(x))))  # type: ignore[no-any-return]


class Attention(nn.Module):
    """Multi-head attention; written out, so that its operations can be counted."""

    def __init__(self, width: int, heads: int, *, make: Maker, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (make(name, width, width) for name in "qkvo")
        self.drop = nn.Dropout(dropout)

    def forward(self, queries: Tensor, keys: Tensor, present: Tensor) -> Tensor:
        """Let each query take from the keys.

        Args:
            queries: ``[n, q, width]``.
            keys: ``[n, k, width]``.
            present: ``[n, k]`` bool, which keys there are; where there is none, zero is taken.
        """
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.q(queries), self.k(keys), self.v(keys))
        )
        score = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5
        score = score.masked_fill(~present[:, None, None], -1e4)
        taken = (self.drop(score.softmax(-1)) @ v).transpose(1, 2).flatten(2)
        any_key = present.any(1)[:, None, None]
        return self.o(taken) * any_key  # type: ignore[no-any-return]
