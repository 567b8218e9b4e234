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
from models.distributed.strategy import Way

Work = Callable[[], Sequence[Tensor]]
_Task = tuple[Work, Sequence[Future[Tensor]], torch.device, torch.cuda.Event | None]
Aggregate = Callable[[Tensor, int, Layout, Way], Tensor]


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


@dataclass(frozen=True, slots=True)
class _Parcel:
    gradient: Tensor
    layout: Layout
    index: int
    way: Way
    mean: Future[Tensor]


class Parcels:
    """The buckets of one rank; every rank must hand them over in the same order.

    Args:
        aggregate: makes the mean of a flat gradient, given the bucket's index, layout and way.
    """

    def __init__(self, aggregate: Aggregate) -> None:
        self.aggregate = aggregate
        self.courier = Courier()
        self._waiting: list[_Parcel] = []

    def put(self, gradient: Tensor, layout: Layout, index: int, way: Way) -> Future[Tensor]:
        """Hand over a bucket; the future is ``gradient``, overwritten by the mean.

        Args:
            gradient: ``[n]``.
            layout: of the bucket.
            index: of the bucket.
            way: to travel, not ``DENSE``.
        """
        parcel = _Parcel(gradient, layout, index, way, self.courier.promise(gradient.device))
        if way.sparse:
            self._waiting.append(parcel)
        else:
            self._dispatch([parcel])
        return parcel.mean

    def end_step(self, then: Callable[[], None], device: torch.device) -> None:
        """Send what waits, then call ``then``."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._dispatch(waiting)

        def last() -> list[Tensor]:
            then()
            return []

        self.courier.send(last, [], device)

    def _dispatch(self, parcels: list[_Parcel]) -> None:
        def work() -> list[Tensor]:
            with torch.no_grad():
                whole = torch.cat([one.gradient for one in parcels])
                layout = tuple(part for one in parcels for part in one.layout)
                mean = self.aggregate(whole, parcels[0].index, layout, parcels[0].way)
                sizes = [len(one.gradient) for one in parcels]
                for one, part in zip(parcels, torch.split(mean, sizes), strict=True):
                    one.gradient.copy_(part)
            return [one.gradient for one in parcels]

        self.courier.send(work, [one.mean for one in parcels], parcels[0].gradient.device)
