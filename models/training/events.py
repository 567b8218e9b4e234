"""Losses for TensorBoard, where its package is installed (``pip install starlung[train]``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from models.training.log import Events


@contextmanager
def tensorboard_events(folder: Path, *, say: Callable[[str], None]) -> Iterator[Events | None]:
    """Yield a listener that writes each mean loss as a scalar; ``None`` without the package.

    Use as a context: the writer keeps events in memory, and a process that merely ends loses the
    last of them.

    Args:
        folder: of the event files; ``tensorboard --logdir`` shows it.
        say: told one line when the package is missing.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        say("TensorBoard events are not written: its package is missing (starlung[train])")
        yield None
        return
    writer = SummaryWriter(str(folder), flush_secs=30)

    def write(step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            writer.add_scalar(f"loss/{name}", value, step)

    try:
        yield write
    finally:
        writer.close()
