"""Which of how many processes this is, and what all of them must agree on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import distributed


@dataclass(frozen=True, slots=True)
class Ranks:
    """One of the processes that train together.

    Args:
        rank: 0 to ``world - 1``.
        world: how many there are.
    """

    rank: int = 0
    world: int = 1

    @classmethod
    def current(cls) -> Ranks:
        """As torch.distributed says; one process where it was not initialised."""
        if not (distributed.is_available() and distributed.is_initialized()):
            return cls()
        return cls(distributed.get_rank(), distributed.get_world_size())

    @property
    def first(self) -> bool:
        """Whether this process speaks and writes for all."""
        return self.rank == 0

    def broadcast_from_rank0(self, values: Sequence[float]) -> list[float]:
        """Replace the values by rank 0's: clocks and disks differ, decisions must not.

        A collective on the CPU: every rank must call it at the same place.
        """
        if self.world == 1:
            return list(values)
        agreed = torch.tensor(values, dtype=torch.float64)
        distributed.broadcast(agreed, src=0)
        return [float(value) for value in agreed]


class FirstRankOnly(logging.Filter):
    """Let rank 0 alone be heard of the processes that train together."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this process speaks for all."""
        del record
        return Ranks.current().first
