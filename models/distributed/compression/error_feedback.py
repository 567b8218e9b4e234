"""Error feedback: what was not sent is remembered and sent later (arXiv 1809.07599).

Residuals are kept by the names of the parameters, so they survive other buckets; they are in units
of the mean gradient, so they survive another number of ranks: only their sum over ranks matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Layout = tuple[tuple[str, int], ...]  # names and sizes of the parameters in a bucket, in order


@dataclass(slots=True)
class BucketMemory:
    """What one rank remembers of one bucket.

    Args:
        layout: of the bucket.
        residual: ``[n]`` not yet sent.
    """

    layout: Layout
    residual: Tensor


class Residuals:
    """The residuals of one rank."""

    def __init__(self) -> None:
        self._buckets: dict[int, BucketMemory] = {}
        self._loose: dict[str, Tensor] = {}

    def bucket(self, index: int, layout: Layout, like: Tensor) -> BucketMemory:
        """Return a bucket's memory, put together from other buckets' where the layout is new.

        Args:
            index: of the bucket.
            layout: of the bucket.
            like: the flat gradient, for device and type.
        """
        memory = self._buckets.get(index)
        if memory is None or memory.layout != layout:
            self._loosen()
            memory = BucketMemory(layout, self._gather(layout, like))
            self._buckets[index] = memory
        return memory

    def take(self, layout: Layout, like: Tensor) -> Tensor | None:
        """Give away what is left of these parameters, ``[n]``; ``None`` where nothing is."""
        names = {name for name, _ in layout}
        if any(name in names for memory in self._buckets.values() for name, _ in memory.layout):
            self._loosen()
        if not any(name in self._loose for name in names):
            return None
        return self._gather(layout, like)

    def state_dict(self) -> dict[str, Any]:
        """Residuals by name, sharing memory with the run."""
        parts = dict(self._loose)
        for memory in self._buckets.values():
            sizes = [size for _, size in memory.layout]
            pieces = torch.split(memory.residual, sizes)
            for (name, _), piece in zip(memory.layout, pieces, strict=True):
                parts[name] = piece
        return {"residual": parts}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take the place of what is remembered."""
        self._buckets.clear()
        self._loose = {name: part.clone() for name, part in state["residual"].items()}

    def _loosen(self) -> None:
        self.load_state_dict(self.state_dict())

    def _gather(self, layout: Layout, like: Tensor) -> Tensor:
        flat = torch.zeros_like(like)
        sizes = [size for _, size in layout]
        for (name, _), part in zip(layout, torch.split(flat, sizes), strict=True):
            if (waiting := self._loose.pop(name, None)) is not None:
                part.copy_(waiting)
        return flat


def redistribute(states: Sequence[Mapping[str, Any]], world: int) -> list[dict[str, Any]]:
    """Hand the residuals of all old ranks to another number of ranks; their sum stays the same.

    Args:
        states: ``Residuals.state_dict()`` of each old rank.
        world: how many ranks there are now, at least 1.

    Raises:
        ValueError: ``world`` is not positive.
    """
    if world < 1:
        raise ValueError(f"world must be at least 1, got {world}")
    shared: list[dict[str, Any]] = [{"residual": {}} for _ in range(world)]
    for rank, state in enumerate(states):
        parts = shared[rank % world]["residual"]
        for name, part in state["residual"].items():
            parts[name] = parts[name] + part if name in parts else part.clone()
    return shared
