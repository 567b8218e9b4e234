"""The whole state of a run, as checkpoints hold it: everything that decides the next step.

What all ranks share (weights, average, optimizer, progress) is stored once; what each rank has for
itself (random generators, residuals of gradient compression, the state of its batches) for each.
States are flat tensors and one JSON text, never pickled objects: reading them runs no code.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn

from models.training.averaging import EarlyStopping, WeightAverage

_SKELETON = "skeleton"
_SHARED = "shared"


def pack(state: Any, *, prefix: str) -> dict[str, Tensor]:
    """Flatten dictionaries, lists, tuples, tensors and plain values.

    Args:
        state: nested; keys of dictionaries are texts or whole numbers.
        prefix: of every name in the result, so that several packs fit into one dictionary.

    Raises:
        TypeError: something in it is none of those; the message names where.
    """
    tensors: dict[str, Tensor] = {}
    skeleton = json.dumps(_strip(state, tensors, prefix))
    tensors[f"{prefix}.{_SKELETON}"] = torch.frombuffer(
        bytearray(skeleton.encode()), dtype=torch.uint8
    )
    return tensors


def unpack(tensors: Mapping[str, Tensor], *, prefix: str) -> Any:
    """Return what ``pack`` was given with this prefix; ``None`` where nothing was packed."""
    if (text := tensors.get(f"{prefix}.{_SKELETON}")) is None:
        return None
    return _fill(json.loads(bytes(text.tolist())), tensors)


def _strip(value: Any, tensors: dict[str, Tensor], name: str) -> list[Any]:
    """Replace tensors in the value by their names; each node is ``[kind, content]``."""
    match value:
        case Tensor():
            tensors[name] = value.detach()
            return ["tensor", name]
        case Mapping():
            pairs = [[key, _strip(part, tensors, f"{name}.{key}")] for key, part in value.items()]
            return ["dict", pairs]
        case list() | tuple():
            kind = "list" if isinstance(value, list) else "tuple"
            return [kind, [_strip(part, tensors, f"{name}.{i}") for i, part in enumerate(value)]]
        case None | bool() | int() | float() | str():
            return ["value", value]
    raise TypeError(f"{name} cannot be stored in a checkpoint: {type(value).__name__}")


def _fill(node: list[Any], tensors: Mapping[str, Tensor]) -> Any:
    kind, content = node
    match kind:
        case "tensor":
            return tensors[content]
        case "dict":
            return {key: _fill(part, tensors) for key, part in content}
        case "list":
            return [_fill(part, tensors) for part in content]
        case "tuple":
            return tuple(_fill(part, tensors) for part in content)
    return content


def random_state() -> dict[str, Any]:
    """Return the generators of torch (CPU and every CUDA device), numpy and Python."""
    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [
            str(name),
            torch.from_numpy(np.array(keys, np.int64)),
            position,
            has_gauss,
            gauss,
        ],
        "python": random.getstate(),
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Set every generator back; CUDA ones only where there are as many devices as then."""
    torch.set_rng_state(state["torch"].cpu())
    if len(state["cuda"]) == torch.cuda.device_count() > 0:
        torch.cuda.set_rng_state_all([part.cpu() for part in state["cuda"]])
    name, keys, position, has_gauss, gauss = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, gauss))
    random.setstate(state["python"])


@runtime_checkable
class Stateful(Protocol):
    """Something whose state belongs into the checkpoint, such as a source of batches."""

    def state_dict(self) -> dict[str, Any]: ...  # noqa: D102
    def load_state_dict(self, state: dict[str, Any]) -> None: ...  # noqa: D102


@runtime_checkable
class ErrorFeedback(Protocol):
    """A communication whose ranks remember gradients that they have not sent."""

    def take_over(  # noqa: D102
        self, states: Sequence[dict[str, Any]], *, rank: int, world: int
    ) -> None: ...
    def flush(self, module: nn.Module) -> None: ...  # noqa: D102


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
        ``tensors`` hold all ranks' parts, and their residuals is shared out anew.
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
                if name in own and not (isinstance(part, ErrorFeedback) and then != self.world):
                    part.load_state_dict(own[name])
            restore_random_state(own["random"])
        if then != self.world:
            every = [unpack(tensors, prefix=_rank(old)) for old in range(then)]
            for name, part in self.own.items():
                states = [old[name] for old in every if name in old]
                if isinstance(part, ErrorFeedback) and states:
                    part.take_over(states, rank=rank, world=self.world)


def world_of(tensors: Mapping[str, Tensor], *, now: int) -> int:
    """How many ranks wrote a checkpoint; ``now`` where it does not say."""
    return int(unpack(tensors, prefix=_SHARED).get("world", now))


def prefixes_of(rank: int) -> tuple[str, ...]:
    """Names of the tensors that a rank needs begin with one of these."""
    return f"{_SHARED}.", f"{_rank(rank)}."


def _rank(rank: int) -> str:
    return f"rank{rank}"
