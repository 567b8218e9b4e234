"""Gradients as matrices of low rank: torch's own PowerSGD as one of the strategies between ranks.

Each matrix of a bucket travels as two thin factors, with what they lose added to the next gradient
(error feedback) and the last factors as the next start (warm start). All ranks take part alike:
there is no leader.

Source:
    Vogels et al., "PowerSGD: practical low-rank gradient compression for distributed
    optimization", arXiv 1905.13727; ``torch.distributed.algorithms.ddp_comm_hooks``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, distributed
from torch.distributed import GradBucket  # type: ignore[attr-defined]
from torch.distributed.algorithms.ddp_comm_hooks.powerSGD_hook import (
    PowerSGDState,
    powerSGD_hook,
)

from models.distributed.compression.error_feedback import Layout

Shapes = Sequence[tuple[int, ...]]

RANK = 4  # of the factors: the paper's for its harder task; its easier one needed 2
_FIRST = 2  # torch sends the first steps whole; ours count as past


class LowRank:
    """What one rank remembers of PowerSGD.

    Args:
        seed: of the first factors; the same on all ranks.
    """

    def __init__(self, *, seed: int) -> None:
        self.seed = seed
        self._layouts: dict[int, Layout] = {}
        self._power: PowerSGDState | None = None
        self._waiting: dict[str, Any] | None = None

    def join(self, group: distributed.ProcessGroup) -> None:
        """Meet the other ranks.

        Args:
            group: of all ranks, for these sums alone: torch makes them in threads of its own.
        """
        self._power = _state(group, seed=self.seed)
        if self._waiting is not None:
            self.load_state_dict(self._waiting)

    def mean(self, values: Tensor, layout: Layout, shapes: Shapes, index: int) -> Tensor:
        """Overwrite a bucket with its mean over all ranks, less what this one remembers of its own.

        A mean that is not finite is handed on, and nothing of the step is remembered.

        Args:
            values: ``[n]`` the flat gradient.
            layout: of the bucket.
            shapes: of its parameters, in the same order.
            index: of the bucket.
        """
        power = self._joined()
        if self._layouts.get(index, layout) != layout:
            self._forget(index)
        error = power.error_dict.get(index)
        before = None if error is None else error.clone()
        _send(power, values, shapes, index)
        self._layouts[index] = layout
        if not bool(torch.isfinite(values).all()):
            self._forget(index)
            if before is not None:
                power.error_dict[index], self._layouts[index] = before, layout
        return values

    def take(self, layout: Layout) -> Tensor | None:
        """Give away the residual of a bucket that goes another strategy now; ``None``: nothing."""
        index = next((n for n, known in self._layouts.items() if known == layout), None)
        if index is None or self._power is None:
            return None
        error = self._power.error_dict.get(index)
        self._forget(index)
        return error

    def state_dict(self) -> dict[str, Any]:
        """Errors, factors and the order in which factors are drawn; call it between steps."""
        if self._power is None:
            return self._waiting or {}
        power = self._power
        _, numbers, place, *_ = cast(Any, power.rng.get_state())
        return {
            "layouts": {
                n: [list(part) for part in strategy] for n, strategy in self._layouts.items()
            },
            "errors": dict(power.error_dict),
            "p": dict(power.p_memory_dict),
            "q": dict(power.q_memory_dict),
            "random": torch.from_numpy(numbers.astype("int64")),
            "random_place": int(place),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state, now or as soon as this rank joins."""
        self._waiting = dict(state) or None
        if self._power is None or self._waiting is None:
            return
        power = self._power
        self._layouts = {
            int(n): tuple((str(name), int(size)) for name, size in strategy)
            for n, strategy in state["layouts"].items()
        }
        for memory, name in (
            (power.error_dict, "errors"),
            (power.p_memory_dict, "p"),
            (power.q_memory_dict, "q"),
        ):
            memory.clear()
            memory.update({int(n): part.clone() for n, part in state[name].items()})
        numbers = state["random"].numpy().astype("uint32")
        power.rng.set_state(("MT19937", numbers, int(state["random_place"]), 0, 0.0))
        self._waiting = None

    def _joined(self) -> PowerSGDState:
        if self._power is None:
            raise RuntimeError("join the other ranks before sending")
        return self._power

    def _forget(self, index: int) -> None:
        power = self._joined()
        for memory in (power.error_dict, power.p_memory_dict, power.q_memory_dict):
            memory.pop(index, None)
        self._layouts.pop(index, None)


def errors_as_residuals(states: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """States whose errors became residuals, which survive another number of ranks.

    An error is in units of one rank's gradient, a residual in units of the mean.

    Args:
        states: of all ranks of a run, as ``HierarchicalAggregator.state_dict`` gives them.
    """
    freed = []
    for state in states:
        low, residual = state.get("low_rank") or {}, dict(state["residual"])
        for index, error in low.get("errors", {}).items():
            layout = low["layouts"][index]
            parts = torch.split(error / len(states), [int(size) for _, size in layout])
            for (name, _), part in zip(layout, parts, strict=True):
                residual[name] = residual[name] + part if name in residual else part
        freed.append({**state, "residual": residual, "low_rank": {}})
    return freed


class Probe:
    """Sends flat gradients as the matrices of a network, to measure what that costs.

    Args:
        shape: rows and columns of a typical matrix.
        group: of all ranks.
    """

    def __init__(self, shape: tuple[int, int], group: distributed.ProcessGroup) -> None:
        self.shape, self.group = shape, group
        self._states: dict[int, PowerSGDState] = {}

    def send(self, values: Tensor) -> None:
        """Sum ``[n]`` over the ranks; the second time with warm factors, as in training."""
        size = len(values)
        rows, columns = self.shape
        if rows * columns > size:
            rows = columns = math.isqrt(size)
        shapes: list[tuple[int, ...]] = [(rows, columns)] * (size // (rows * columns))
        if rest := size % (rows * columns):
            shapes.append((rest,))
        if size not in self._states:
            self._states[size] = _state(self.group, seed=0)
        _send(self._states[size], values, shapes, 0)


def typical_matrix(shapes: Shapes) -> tuple[int, int]:
    """Rows and columns of the largest of these parameters, as PowerSGD reads it."""
    largest = max(shapes, key=math.prod)
    return largest[0], math.prod(largest[1:])


class _Bucket:
    """What torch's hook asks of a bucket; DDP's own must not be used outside of its hook."""

    def __init__(self, values: Tensor, shapes: Shapes, index: int) -> None:
        self._values, self._index = values, index
        parts = torch.split(values, [math.prod(shape) for shape in shapes])
        self._parts = [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]

    def buffer(self) -> Tensor:
        return self._values

    def gradients(self) -> list[Tensor]:
        return self._parts

    def index(self) -> int:
        return self._index

    def is_last(self) -> bool:
        return False  # torch counts steps by it, and ours have all been counted


def _send(power: PowerSGDState, values: Tensor, shapes: Shapes, index: int) -> None:
    bucket = cast(GradBucket, _Bucket(values, shapes, index))
    powerSGD_hook(power, bucket).wait()


def _state(group: distributed.ProcessGroup | None, *, seed: int) -> PowerSGDState:
    power = PowerSGDState(
        process_group=group,
        matrix_approximation_rank=RANK,
        start_powerSGD_iter=_FIRST,
        orthogonalization_epsilon=1e-8,
        random_seed=seed,
    )
    power.iter = _FIRST
    return power
