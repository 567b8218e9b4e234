"""The parts of a mask that hang together, numbered by slabs beside each other.

``ndimage.label`` takes a volume in one go, on one core. Here each slab is labelled alone, and what
touches across the slices between two slabs is made one part: the same parts, with the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Int
from scipy import ndimage, sparse

from medical.ct.slabs import map_each, slabs_of


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What hangs together by faces in a mask ``[z, y, x]``.

    Args:
        count: how many parts there are, numbered from 1 in the order of their first voxels.
    """

    count: int
    _slabs: list[slice]
    _labels: list[np.ndarray]  # of each slab, numbered by itself
    _numbers: list[np.ndarray]  # the part that each of a slab's labels belongs to

    @classmethod
    def of(cls, mask: Bool[np.ndarray, "z y x"]) -> Parts:
        """Find them."""
        slabs = slabs_of(len(mask))
        labelled = map_each(lambda slab: ndimage.label(mask[slab]), slabs)
        labels, counts = zip(*labelled, strict=True)
        starts = np.cumsum([0, *counts])
        touching = [
            _pairs(below[-1], above[0]) + start
            for (below, above), start in zip(pairwise(labels), pairwise(starts), strict=False)
        ]
        part = _joined(np.concatenate([np.empty((0, 2), int), *touching]), int(starts[-1]))
        numbers = [
            np.concatenate([[0], part[start:end]]) for start, end in pairwise(starts.tolist())
        ]
        return cls(int(part.max(initial=0)), slabs, list(labels), numbers)

    def sizes(self) -> Int[np.ndarray, " parts"]:
        """Voxels of each part; none are counted of what is outside of the mask, number 0."""

        def count(at: int) -> np.ndarray:
            own = np.bincount(self._labels[at].ravel(), minlength=len(self._numbers[at]))
            return np.bincount(self._numbers[at], own, minlength=self.count + 1)

        sizes = np.sum(map_each(count, range(len(self._slabs))), axis=0).astype(int)
        sizes[0] = 0
        return np.asarray(sizes)

    def looked_up(self, table: np.ndarray) -> np.ndarray:
        """Put in each voxel's place what a table has for its part; ``table[0]`` is outside."""

        def look_up(at: int) -> np.ndarray:
            return np.asarray(table[self._numbers[at]][self._labels[at]])

        return np.concatenate(map_each(look_up, range(len(self._slabs))))


def _pairs(below: Int[np.ndarray, "y x"], above: Int[np.ndarray, "y x"]) -> np.ndarray:
    """List the labels, from 0, that touch from one slice to the next."""
    both = (below > 0) & (above > 0)
    return np.unique(np.stack([below[both], above[both]], axis=1), axis=0).astype(int) - 1


def _joined(pairs: Int[np.ndarray, "n 2"], count: int) -> Int[np.ndarray, " count"]:
    """Give what pairs join the same number, from 1 and in the order of their first."""
    ones = np.ones(len(pairs), bool)
    graph = sparse.coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, group = sparse.csgraph.connected_components(graph, directed=False)
    _, first, group = np.unique(group, return_index=True, return_inverse=True)
    rank = np.empty(len(first), int)
    rank[np.argsort(first)] = np.arange(1, len(first) + 1)
    return np.asarray(rank[group])
