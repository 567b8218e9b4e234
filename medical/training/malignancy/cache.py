"""Tokens of all nodules and views, made once for many runs, in one file."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from jaxtyping import Float16

from medical.plain_text import counted
from medical.training.malignancy.nodules import Nodule
from medical.training.malignancy.views import (
    Outliner,
    Placing,
    cut_view,
    draw_placing,
    tokens_of,
)
from models.starnet.trunk import ImageTokens, Trunk

_log = logging.getLogger(__name__)
_TELL_EVERY = 100


@dataclass(frozen=True, slots=True, eq=False)
class TokenCache:
    """Tokens by nodule and view.

    View 0 lies straight, outlined by the radiologists, view 1 the same by the second stage; the
    others are varied and outlined by both in turn.

    Args:
        parts: in the order of ``ImageTokens``, each ``[nodules, views, ...]``.
    """

    parts: tuple[Float16[np.ndarray, "nodules views ..."], ...]

    @property
    def views(self) -> int:
        """How many of each nodule."""
        return int(self.parts[0].shape[1])

    def pick(self, nodules: np.ndarray, views: np.ndarray) -> ImageTokens:
        """Tokens of some nodules, each in one view."""
        return ImageTokens(*(torch.from_numpy(part[nodules, views]).float() for part in self.parts))

    def save(self, path: Path) -> None:
        """Write as ``.npz``."""
        np.savez(path, **{f"part{i}": part for i, part in enumerate(self.parts)})  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(tuple(stored[f"part{i}"] for i in range(len(stored.files))))


def make_cache(
    nodules: list[Nodule], trunk: Trunk, outline: Outliner, *, views: int, seed: int
) -> TokenCache:
    """Cut every nodule out in several views.

    Args:
        nodules: of the collection.
        trunk: makes the features.
        outline: the second stage's.
        views: of each, at least 2.
        seed: of what is varied.
    """
    rows: list[list[np.ndarray]] = []
    for number, nodule in enumerate(nodules):
        rng = np.random.default_rng((seed, number))
        placings = [Placing(), Placing(), *(draw_placing(rng) for _ in range(views - 2))]
        seen = [
            cut_view(nodule, placing, outline if turn % 2 else None)
            for turn, placing in enumerate(placings)
        ]
        rows.append([part.numpy().astype(np.float16) for part in tokens_of(trunk, seen)])
        if number % _TELL_EVERY == 0:
            _log.info(f"tokens of {number} of {counted(len(nodules), 'nodule')}")
    return TokenCache(tuple(np.stack(part) for part in zip(*rows, strict=True)))
