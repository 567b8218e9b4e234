"""Work on a volume by slabs of slices, several beside each other, or beside what comes next.

For what needs each slice alone, or little of its neighbours: numpy and scipy give Python's lock
away meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

import numpy as np

from models.runtime.machine import thread_count

_A = TypeVar("_A")
_B = TypeVar("_B")
_LEAST = 8  # slices worth a slab of their own
_SPARE_FROM = 4  # cores, from which one is spared beside what comes next


def map_each(call: Callable[[_A], _B], items: Iterable[_A]) -> list[_B]:
    """Call with each item, as many beside each other as cores; the results in their order."""
    given = list(items)
    if len(given) < 2:
        return [call(item) for item in given]
    with ThreadPoolExecutor(min(thread_count(), len(given))) as pool:
        return list(pool.map(call, given))


def begin(call: Callable[..., _B], *arguments: object, **named: object) -> Future[_B]:
    """Call in another thread, for what is wanted later only; at once where cores are few.

    With two cores the networks want both: a third thread would let one of theirs wait.
    """
    if thread_count() < _SPARE_FROM:
        ended: Future[_B] = Future()
        try:
            ended.set_result(call(*arguments, **named))
        except Exception as error:
            ended.set_exception(error)
        return ended
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(call, *arguments, **named)
    finally:
        pool.shutdown(wait=False)


def map_slabs(call: Callable[..., np.ndarray], *volumes: np.ndarray) -> np.ndarray:
    """Put together what a call makes of each slab of volumes of the same depth.

    Args:
        call: takes the same slab of each volume; what it makes of a slice depends on no other.
        volumes: ``[z, ...]``.
    """

    def make(slab: slice) -> np.ndarray:
        return call(*(volume[slab] for volume in volumes))

    return np.concatenate(map_each(make, slabs_of(len(volumes[0]))))


def slabs_of(depth: int) -> list[slice]:
    """Cut a depth into slabs, at least one: one a thread, none of but a few slices."""
    count = min(thread_count(), depth // _LEAST) if depth >= 2 * _LEAST else 1
    edges = [depth * number // count for number in range(count + 1)]
    return [slice(low, high) for low, high in pairwise(edges)]
