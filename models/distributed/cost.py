"""What each way between nodes costs for a bucket, and which one it takes.

A cost is a line over the number of values, drawn through what was measured when the run started
(``models.distributed.probe``). Compression pays off only on slow links: on most it was found slower
than a plain all-reduce (arXiv 2103.00543), so the plain one is taken wherever it is nearly as fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.distributed.ways import Way

NEARLY = 1.05  # so much slower a way may be that loses less


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
        lines: of each way, those first that lose less.
        megabits: a second that a leader sends.
        latency_seconds: of the smallest sum over leaders.
        nodes: how many.
    """

    lines: Mapping[Way, Line]
    megabits: float
    latency_seconds: float
    nodes: int

    def choose(self, values: int) -> Way:
        """Choose the first way that is nearly as fast as the fastest."""
        seconds = {way: line.seconds(values) for way, line in self.lines.items()}
        enough = NEARLY * min(seconds.values())
        return next(way for way, one in seconds.items() if one <= enough)

    def explain(self, index: int, values: int) -> str:
        """One line: what a bucket takes, and why."""
        told = ", ".join(
            f"{way.name} {1000 * line.seconds(values):.0f} ms" for way, line in self.lines.items()
        )
        return (
            f"gradients between {self.nodes} nodes ({self.megabits:.0f} Mb/s, "
            f"{1000 * self.latency_seconds:.1f} ms): bucket {index} of {values:,} values goes "
            f"{self.choose(values).name}, by what it should take ({told})"
        )
