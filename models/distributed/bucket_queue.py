"""Buckets on their way, in one thread that communicates while backward goes on.

So little of a sparse bucket is sent that the messages' own cost is the larger part: all sparse
buckets of a step travel as one, after the last. The others travel while backward goes on. Work is
done strictly in the order in which it was handed over, which is the same on every rank, so that
collectives of the same group never cross.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread

import torch
from torch import Tensor
from torch.futures import Future

from models.distributed.compression.error_feedback import Layout
from models.distributed.strategy import Strategy

Work = Callable[[], Sequence[Tensor]]
_Task = tuple[Work, Sequence[Future[Tensor]], torch.device, torch.cuda.Event | None]
Aggregate = Callable[[Tensor, int, Layout, Strategy], Tensor]


class CommunicationThread:
    """Runs work in its thread; on CUDA on a stream of its own, after the gradients are there."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._thread = Thread(target=self._run, daemon=True, name="gradient-communication")
        self._thread.start()

    @staticmethod
    def new_future(device: torch.device) -> Future[Tensor]:
        """Return a future for a tensor on ``device``, which ``send`` keeps."""
        return Future(devices=[device] if device.type == "cuda" else None)

    def send(self, work: Work, futures: Sequence[Future[Tensor]], device: torch.device) -> None:
        """Queue ``work``.

        Args:
            work: makes tensors on ``device``, one for each future.
            futures: give them.
            device: whose current stream made what ``work`` reads.
        """
        ready = None
        if device.type == "cuda":
            ready = torch.cuda.Event()  # type: ignore[no-untyped-call]
            ready.record(torch.cuda.current_stream(device))
        self._tasks.put((work, futures, device, ready))

    def settle(self) -> None:
        """Wait until everything handed over so far is done."""
        done: Future[Tensor] = Future()
        self.send(lambda: [torch.empty(0)], [done], torch.device("cpu"))
        done.wait()

    def _run(self) -> None:
        streams: dict[torch.device, torch.cuda.Stream] = {}
        while True:
            work, futures, device, ready = self._tasks.get()
            try:
                if ready is None:
                    _keep(futures, work())
                    continue
                if device not in streams:
                    streams[device] = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
                with torch.cuda.device(device), torch.cuda.stream(streams[device]):
                    ready.wait(streams[device])
                    _keep(futures, work())
            except Exception as error:
                for future in futures:
                    future.set_exception(error)  # type: ignore[arg-type]


def _keep(futures: Sequence[Future[Tensor]], made: Sequence[Tensor]) -> None:
    for future, tensor in zip(futures, made, strict=True):
        future.set_result(tensor)


@dataclass(frozen=True, slots=True)
class _Bucket:
    gradient: Tensor
    layout: Layout
    index: int
    strategy: Strategy
    mean: Future[Tensor]


class BucketQueue:
    """The buckets of one rank; every rank must hand them over in the same order.

    Args:
        aggregate: makes the mean of a flat gradient, given the bucket's index, layout and strategy.
    """

    def __init__(self, aggregate: Aggregate) -> None:
        self.aggregate = aggregate
        self.thread = CommunicationThread()
        self._waiting: list[_Bucket] = []

    def put(
        self, gradient: Tensor, layout: Layout, index: int, strategy: Strategy
    ) -> Future[Tensor]:
        """Hand over a bucket; the future is ``gradient``, overwritten by the mean.

        Args:
            gradient: ``[n]``.
            layout: of the bucket.
            index: of the bucket.
            strategy: to travel, not ``DENSE``.
        """
        bucket = _Bucket(gradient, layout, index, strategy, self.thread.new_future(gradient.device))
        if strategy.sparse:
            self._waiting.append(bucket)
        else:
            self._dispatch([bucket])
        return bucket.mean

    def end_step(self, then: Callable[[], None], device: torch.device) -> None:
        """Send what waits, then call ``then``."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._dispatch(waiting)

        def last() -> list[Tensor]:
            then()
            return []

        self.thread.send(last, [], device)

    def _dispatch(self, queue: list[_Bucket]) -> None:
        def work() -> list[Tensor]:
            with torch.no_grad():
                whole = torch.cat([item.gradient for item in queue])
                layout = tuple(part for item in queue for part in item.layout)
                mean = self.aggregate(whole, queue[0].index, layout, queue[0].strategy)
                sizes = [len(item.gradient) for item in queue]
                for item, part in zip(queue, torch.split(mean, sizes), strict=True):
                    item.gradient.copy_(part)
            return [item.gradient for item in queue]

        self.thread.send(work, [item.mean for item in queue], queue[0].gradient.device)
