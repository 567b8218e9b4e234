"""Makes the next batch while the step before it runs, on an accelerator's own stream."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

import torch
from torch import Tensor

B = TypeVar("B", bound=tuple[Tensor, ...])


class Prefetch(Generic[B]):
    """Calls ``make`` in a thread of its own, one batch ahead.

    Launching a batch's many small kernels takes the processor about as long as a training step;
    beside the step it is free. Only for CUDA: the order of random draws depends on the threads.

    Args:
        make: makes one batch on ``device``.
        device: a CUDA device.
    """

    def __init__(self, make: Callable[[], B], *, device: torch.device) -> None:
        self.make = make
        self.stream = torch.cuda.Stream(device)
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
        self.next: Future[tuple[B, torch.cuda.Event]] = self.thread.submit(self._make)

    def __call__(self) -> B:
        """Return the batch that is ready, or as soon as it is; an error of ``make`` is raised."""
        batch, made = self.next.result()
        self.next = self.thread.submit(self._make)
        current = torch.cuda.current_stream(self.stream.device)
        current.wait_event(made)
        for tensor in batch:  # its memory must outlive the step's use of it
            tensor.record_stream(current)
        return batch

    def close(self) -> None:
        """Wait for the batch in the making and end the thread."""
        self.thread.shutdown(wait=True, cancel_futures=True)

    def _make(self) -> tuple[B, torch.cuda.Event]:
        with torch.cuda.device(self.stream.device), torch.cuda.stream(self.stream):
            batch = self.make()
            made = torch.cuda.Event()
            made.record(self.stream)
        return batch, made
