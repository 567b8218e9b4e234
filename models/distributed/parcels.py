"""Buckets on their way: sparse ones wait for each other, others leave at once.

So little of a sparse bucket is sent that the messages' own cost is the larger part: all sparse
buckets of a step travel as one, after the last. The others travel while backward goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.futures import Future

from models.distributed.compression.residuals import Layout
from models.distributed.courier import Courier
from models.distributed.ways import Way

Aggregate = Callable[[Tensor, int, Layout, Way], Tensor]


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
