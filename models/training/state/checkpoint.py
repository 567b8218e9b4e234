"""The whole state of a run, as checkpoints hold it: everything that decides the next step.

What all ranks share (weights, average, optimizer, progress) is stored once; what each rank has for
itself (random generators, residuals of gradient compression, the state of its batches) for each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from models.training.average import WeightAverage
from models.training.early_stopping import EarlyStopping
from models.training.state.packing import pack, unpack
from models.training.state.randomness import random_state, restore_random_state

_SHARED = "shared"


@runtime_checkable
class Stateful(Protocol):
    """Something whose state belongs into the checkpoint, such as a source of batches."""

    def state_dict(self) -> dict[str, Any]: ...  # noqa: D102
    def load_state_dict(self, state: dict[str, Any]) -> None: ...  # noqa: D102


@runtime_checkable
class Owing(Protocol):
    """A communication whose ranks remember gradients that they have not sent."""

    def take_over(  # noqa: D102
        self, states: Sequence[dict[str, Any]], *, rank: int, world: int
    ) -> None: ...
    def pay(self, module: nn.Module) -> None: ...  # noqa: D102


@dataclass(slots=True, kw_only=True)
class RunState:
    """A run between two steps.

    Args:
        module: being trained, not wrapped.
        average: of its weights.
        optimizer: of its parameters.
        stopping: what early stopping remembers.
        own: parts that each rank has for itself, by name.
        world: how many ranks there are.
        step: how many were taken.
        seconds: of training, over all resumptions.
    """

    module: nn.Module
    average: WeightAverage
    optimizer: torch.optim.Optimizer
    stopping: EarlyStopping
    own: dict[str, Stateful] = field(default_factory=dict)
    world: int = 1
    step: int = 0
    seconds: float = 0.0

    def tensors(self, *, rank: int) -> dict[str, Tensor]:
        """Everything, as flat tensors that still share memory with the run."""
        shared = {
            "module": self.module.state_dict(),
            "average": self.average.module.state_dict(),
            "average_steps": self.average.steps,
            "optimizer": self.optimizer.state_dict(),
            "stopping": self.stopping.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "world": self.world,
        }
        own = {
            "random": random_state(),
            **{name: part.state_dict() for name, part in self.own.items()},
        }
        if rank > 0:  # running means of batch norms differ between ranks: rank 0's are the model's
            return pack(own, prefix=_rank(rank))
        return {**pack(shared, prefix=_SHARED), **pack(own, prefix=_rank(rank))}

    def restore(self, tensors: Mapping[str, Tensor], *, rank: int) -> None:
        """Go back to what ``tensors`` gave.

        A rank that was not there keeps its own parts. Where the number of ranks is another one,
        ``tensors`` hold all ranks' parts, and what they owed is shared out anew.
        """
        shared = unpack(tensors, prefix=_SHARED)
        try:
            self.module.load_state_dict(shared["module"])
            self.average.module.load_state_dict(shared["average"])
        except RuntimeError as error:
            raise ValueError("the checkpoint belongs to another network") from error
        self.average.steps = shared["average_steps"]
        self.optimizer.load_state_dict(shared["optimizer"])
        self.stopping.load_state_dict(shared["stopping"])
        self.step, self.seconds = shared["step"], shared["seconds"]
        then = world_of(tensors, now=self.world)
        if (own := unpack(tensors, prefix=_rank(rank))) is not None:
            for name, part in self.own.items():
                if name in own and not (isinstance(part, Owing) and then != self.world):
                    part.load_state_dict(own[name])
            restore_random_state(own["random"])
        if then != self.world:
            every = [unpack(tensors, prefix=_rank(old)) for old in range(then)]
            for name, part in self.own.items():
                states = [old[name] for old in every if name in old]
                if isinstance(part, Owing) and states:
                    part.take_over(states, rank=rank, world=self.world)


def world_of(tensors: Mapping[str, Tensor], *, now: int) -> int:
    """How many ranks wrote a checkpoint; ``now`` where it does not say."""
    return int(unpack(tensors, prefix=_SHARED).get("world", now))


def prefixes_of(rank: int) -> tuple[str, ...]:
    """Names of the tensors that a rank needs begin with one of these."""
    return f"{_SHARED}.", f"{_rank(rank)}."


def _rank(rank: int) -> str:
    return f"rank{rank}"
