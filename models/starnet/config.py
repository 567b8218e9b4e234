"""Sizes of a StarNet, stored with its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

RATINGS = 7  # what radiologists say of a nodule's looks
CONTEXT = 6  # age, sex, pack-years, emphysema, history of cancer, upper lobe
GROUPS = ("fine", "coarse", "shells", "measures", "text")
IMAGE_GROUPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class StarNetConfig:
    """Sizes of the network.

    Args:
        width: of every token.
        heads: of the attention.
        text_layers: transformer layers of the text encoder.
        vocabulary: subwords.
        max_tokens: of a text; the rest is cut off.
        measures: how many simple measures a nodule has.
        trunk_widths: channels of the second stage's near crop.
        dropout: share dropped.
        dynamic: whether queries are chosen; else every token is one.
        budget: share of tokens that training lets become queries.
        ranks: of the projections by their place; one that is not named has full rank.

    Raises:
        ValueError: the width is no multiple of the heads.
    """

    width: int = 48
    heads: int = 4
    text_layers: int = 1
    vocabulary: int = 2000
    max_tokens: int = 64
    measures: int = 20
    trunk_widths: tuple[int, int, int] = (16, 32, 64)
    dropout: float = 0.2
    dynamic: bool = True
    budget: float = 0.2
    ranks: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of {self.heads} heads")

    def standard(self) -> Self:
        """Return the usual design of the same width: every token a query, full rank."""
        return replace(self, dynamic=False, ranks={})

    def to_dict(self) -> dict[str, object]:
        """As stored in a card."""
        return {**asdict(self), "ranks": dict(self.ranks)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Read what a card holds, lists in place of tuples."""
        return cls(**{**stored, "trunk_widths": tuple(stored["trunk_widths"])})
