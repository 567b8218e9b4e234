"""What each strategy costs for a bucket, measured when a run starts, and which one it takes.

Every rank of a run must measure at the same place; all get the same numbers, the slowest rank's,
so all choose alike. A probe takes about a tenth of a second of the link, whatever its speed. A cost
is a line over the number of values, drawn through what was measured. Compression pays off only on
slow links: on most it was found slower than a plain all-reduce (arXiv 2103.00543), so the plain one
is taken wherever it is nearly as fast.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from models.distributed.strategy import Strategy
from models.distributed.topology import NodeGroups

NEARLY = 1.05  # so much slower a strategy may be that loses less
FEW = 2**12
_LONG_SECONDS = 0.1
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Line:
    """Seconds for a bucket: ``fixed + per_value * values``."""

    fixed: float
    per_value: float

    @classmethod
    def through(cls, few: int, few_seconds: float, many: int, many_seconds: float) -> Line:
        """Line through two measurements; never falling, never below zero.

        Args:
            few: values of the smaller one.
            few_seconds: that it took.
            many: values of the larger one, more than ``few``.
            many_seconds: that it took.

        Raises:
            ValueError: ``many`` is not more than ``few``.
        """
        if many <= few:
            raise ValueError(f"many must be more than few = {few}, got {many}")
        slope = max(0.0, (many_seconds - few_seconds) / (many - few))
        return cls(max(0.0, few_seconds - slope * few), slope)

    def seconds(self, values: int) -> float:
        """For a bucket of so many values."""
        return self.fixed + self.per_value * values


@dataclass(frozen=True, slots=True)
class Costs:
    """What was measured, the same on every rank.

    Args:
        lines: of each strategy, those first that lose less.
        megabits: a second that a leader sends.
        latency_seconds: of the smallest sum over leaders.
        nodes: how many.
    """

    lines: Mapping[Strategy, Line]
    megabits: float
    latency_seconds: float
    nodes: int

    def choose(self, values: int) -> Strategy:
        """Choose the first strategy that is nearly as fast as the fastest."""
        seconds = {strategy: line.seconds(values) for strategy, line in self.lines.items()}
        enough = NEARLY * min(seconds.values())
        return next(strategy for strategy, second in seconds.items() if second <= enough)

    def explain(self, index: int, values: int) -> str:
        """One line: what a bucket takes, and why."""
        seconds_of_each = ", ".join(
            f"{strategy.name} {1000 * line.seconds(values):.0f} ms"
            for strategy, line in self.lines.items()
        )
        return (
            f"gradients between {self.nodes} nodes ({self.megabits:.0f} Mb/s, "
            f"{1000 * self.latency_seconds:.1f} ms): bucket {index} of {values:,} values goes "
            f"{self.choose(values).name}, by what it should take ({seconds_of_each})"
        )


def measure_costs(
    strategies: Mapping[Strategy, Callable[[Tensor], object]],
    groups: NodeGroups,
    device: torch.device,
    *,
    most: int,
) -> Costs:
    """Measure the link between the leaders, then each strategy.

    Args:
        strategies: what sends a flat gradient, those first that lose less.
        groups: of this rank.
        device: where gradients are.
        most: values in the largest bucket that there may be.
    """
    link = torch.zeros(3, dtype=torch.float64, device=device)
    if groups.leader:
        link.copy_(torch.tensor(_link(groups.leaders, device, most)))
    latency, megabits, many = _slowest(link)
    lines = {strategy: _line(send, int(many), device) for strategy, send in strategies.items()}
    return Costs(lines, megabits, latency, len(groups.nodes))


def _link(
    leaders: distributed.ProcessGroup, device: torch.device, most: int
) -> tuple[float, float, float]:
    """Seconds of the smallest sum, megabits a second, and how many values are worth a probe."""

    def total(values: Tensor) -> None:
        distributed.all_reduce(values, group=leaders)

    nodes = leaders.size()
    smallest = torch.zeros(1, device=device)
    latency = min(_seconds(total, smallest, leaders) for _ in range(2 * _TRIES))
    count = 2 * FEW
    while True:
        values = torch.zeros(count, device=device)
        agreed = torch.tensor(
            [min(_seconds(total, values, leaders) for _ in range(2))], device=device
        )
        distributed.all_reduce(agreed, op=distributed.ReduceOp.MAX, group=leaders)
        seconds = float(agreed)
        if seconds > _LONG_SECONDS or count >= most:
            bits = 2 * (nodes - 1) / nodes * 32 * count
            return latency, bits / 1e6 / max(seconds - latency, 1e-9), float(count)
        count = max(2 * FEW, min(4 * count, most))


def _line(send: Callable[[Tensor], object], many: int, device: torch.device) -> Line:
    seconds = []
    for count in (FEW, many):
        # a gradient's values are of very different sizes
        generator = torch.Generator(device).manual_seed(count)
        values = torch.randn(count, generator=generator, device=device) ** 3
        tries = [_seconds(send, values.clone(), None) for _ in range(_TRIES)]
        seconds.append(_slowest(torch.tensor(min(tries), dtype=torch.float64, device=device))[0])
    return Line.through(FEW, seconds[0], many, seconds[1])


def _seconds(
    send: Callable[[Tensor], object], values: Tensor, group: distributed.ProcessGroup | None
) -> float:
    """Of one sending that all begin together."""
    distributed.all_reduce(torch.zeros(1, device=values.device), group=group)
    _settle(values.device)
    started = time.perf_counter()
    send(values)
    _settle(values.device)
    return time.perf_counter() - started


def _settle(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _slowest(seconds: Tensor) -> list[float]:
    distributed.all_reduce(seconds, op=distributed.ReduceOp.MAX)
    return [float(item) for item in seconds.reshape(-1)]
