"""One thread that talks while backward goes on.

Work is done strictly in the order in which it was handed over, which is the same on every rank, so
collectives meet their own kind. On failure (a peer gone, a timeout) the work's future holds the
error, and backward raises it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Thread

import torch
from torch import Tensor
from torch.futures import Future

Work = Callable[[], Sequence[Tensor]]
_Task = tuple[Work, Sequence[Future[Tensor]], torch.device, torch.cuda.Event | None]


class Courier:
    """Runs work in its thread; on CUDA on a stream of its own, after the gradients are there."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._thread = Thread(target=self._run, daemon=True, name="gradient-courier")
        self._thread.start()

    @staticmethod
    def promise(device: torch.device) -> Future[Tensor]:
        """Return a future for a tensor on ``device``, which ``send`` keeps."""
        return Future(devices=[device] if device.type == "cuda" else None)

    def send(self, work: Work, promises: Sequence[Future[Tensor]], device: torch.device) -> None:
        """Queue ``work``.

        Args:
            work: makes tensors on ``device``, one for each promise.
            promises: futures that give them.
            device: whose current stream made what ``work`` reads.
        """
        ready = None
        if device.type == "cuda":
            ready = torch.cuda.Event()  # type: ignore[no-untyped-call]
            ready.record(torch.cuda.current_stream(device))
        self._tasks.put((work, promises, device, ready))

    def settle(self) -> None:
        """Wait until everything handed over so far is done."""
        done: Future[Tensor] = Future()
        self.send(lambda: [torch.empty(0)], [done], torch.device("cpu"))
        done.wait()

    def _run(self) -> None:
        streams: dict[torch.device, torch.cuda.Stream] = {}
        while True:
            work, promises, device, ready = self._tasks.get()
            try:
                if ready is None:
                    _keep(promises, work())
                    continue
                if device not in streams:
                    streams[device] = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
                with torch.cuda.device(device), torch.cuda.stream(streams[device]):
                    ready.wait(streams[device])
                    _keep(promises, work())
            except Exception as error:
                for promise in promises:
                    promise.set_exception(error)  # type: ignore[arg-type]


def _keep(promises: Sequence[Future[Tensor]], made: Sequence[Tensor]) -> None:
    for promise, tensor in zip(promises, made, strict=True):
        promise.set_result(tensor)
