"""Makes the next batch while the step before it runs, on an accelerator's own stream."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Generic, Self, TypeVar

import torch
from torch import Tensor

B = TypeVar("B", bound=tuple[Tensor | None, ...])


class Prefetch(Generic[B]):
    """Calls ``make`` in a thread of its own, one batch ahead.

    The engine's batches keep the processor busy with many small kernels; a thread lets that happen
    beside the step. The order of random draws then depends on the threads: not for runs that must
    repeat to the bit. Use as a context, so that the thread ends with the run.

    Args:
        make: makes one batch on ``device``.
        device: on a CUDA device ``make`` runs on a stream of its own.
    """

    def __init__(self, make: Callable[[], B], *, device: torch.device) -> None:
        self.make = make
        on_cuda = device.type == "cuda"
        self.stream = torch.cuda.Stream(device) if on_cuda else None  # type: ignore[no-untyped-call]
        if self.stream is not None:  # what ``make`` reads may still be being made
            self.stream.wait_stream(torch.cuda.current_stream(device))
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
        self.next: Future[B] = self.thread.submit(self._make)

    def __call__(self) -> B:
        """Return the batch that is ready, or as soon as it is; an error of ``make`` is raised."""
        batch = self.next.result()
        if self.stream is not None:
            current = torch.cuda.current_stream(self.stream.device)
            current.wait_stream(self.stream)
            for tensor in batch:  # its memory must outlive the step's use of it
                if tensor is not None:
                    tensor.record_stream(current)
        self.next = self.thread.submit(self._make)
        return batch

    def settle(self) -> None:
        """Wait for the batch in the making: until the next call nothing is drawn at random."""
        wait([self.next])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the batch in the making and end the thread."""
        self.thread.shutdown(wait=True, cancel_futures=True)

    def _make(self) -> B:
        if self.stream is None:
            return self.make()
        with torch.cuda.device(self.stream.device), torch.cuda.stream(self.stream):
            return self.make()
