"""Tokens of all nodules and views, made once for many runs, in one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from jaxtyping import Float16

from models.starnet.image_tokens import ImageTokens


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
