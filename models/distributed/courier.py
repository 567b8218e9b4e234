"""One thread that talks while backward goes on.

Work is done strictly in the order in which it was handed over, which is the same on every rank, so
collectives meet their own kind. On failure (a peer gone, a timeout) the work's future holds the
error, and backward raises it.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

import torch
from torch import Tensor
from torch.futures import Future

_Task = tuple[Callable[[], Tensor], Future[Tensor], torch.device, torch.cuda.Event | None]


class Courier:
    """Runs work in its thread; on CUDA on a stream of its own, after the gradients are there."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._thread = Thread(target=self._run, daemon=True, name="gradient-courier")
        self._thread.start()

    def send(self, work: Callable[[], Tensor], device: torch.device) -> Future[Tensor]:
        """Queue ``work``; the future gives what it returns.

        Args:
            work: makes a tensor on ``device``.
            device: whose current stream made what ``work`` reads.
        """
        ready = None
        if device.type == "cuda":
            ready = torch.cuda.Event()  # type: ignore[no-untyped-call]
            ready.record(torch.cuda.current_stream(device))
        future: Future[Tensor] = Future(devices=[device] if device.type == "cuda" else None)
        self._tasks.put((work, future, device, ready))
        return future

    def _run(self) -> None:
        streams: dict[torch.device, torch.cuda.Stream] = {}
        while True:
            work, future, device, ready = self._tasks.get()
            try:
                if ready is None:
                    future.set_result(work())
                    continue
                if device not in streams:
                    streams[device] = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
                with torch.cuda.device(device), torch.cuda.stream(streams[device]):
                    ready.wait(streams[device])
                    future.set_result(work())
            except Exception as error:
                future.set_exception(error)  # type: ignore[arg-type]
