"""Read a CT on another grid, linearly between its voxels.

Where both grids have the same axes, as of nearly every CT, the axes are taken one after the other:
rows, columns, then slices, which is a fifth of the arithmetic of all three at once. Slabs of the
target are made by several threads; numpy and scipy let them run side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int, Int16
from scipy import ndimage

from medical.ct.slabs import map_each
from medical.geometry import VolumeGeometry

AIR_HU = -1024.0
_SLAB = 16  # slices of the target at a time: keeps what lies between under 50 MB a thread
_SAME_AXES = 1e-9


def resample(
    hu: Int16[np.ndarray, "z y x"] | Float32[np.ndarray, "z y x"],
    source: VolumeGeometry,
    target: VolumeGeometry,
) -> Float32[np.ndarray, "z y x"]:
    """Read ``hu`` at the voxel centres of ``target``; air where the target leaves the source.

    Returns:
        HU on the target's grid, float32.
    """
    to_source = np.linalg.inv(source.affine_lps_mm) @ target.affine_lps_mm
    matrix, offset = to_source[:3, :3], to_source[:3, 3]
    out = np.empty(target.shape, dtype=np.float32)
    steps = np.diag(matrix)
    if np.abs(matrix - np.diag(steps)).max() < _SAME_AXES * np.abs(steps).max():
        z, y, x = (
            _Taps.along(start, step, count=count, length=length)
            for start, step, count, length in zip(
                offset, steps, target.shape, source.shape, strict=True
            )
        )
        make: Callable[[int], None] = _AxisByAxis(hu, z, y, x, out)
    else:
        make = _AllAtOnce(hu, matrix, offset, out)
    map_each(make, range(0, target.shape[0], _SLAB))
    return out


class _Taps(NamedTuple):
    """The two voxels between which each place along an axis lies, and the second one's weight.

    What lies outside of the source counts as air, and so does what is between it and the edge.
    """

    below: Int[np.ndarray, " n"]
    above: Int[np.ndarray, " n"]
    low: Float32[np.ndarray, " n"]  # weights; 0 where the voxel is outside
    high: Float32[np.ndarray, " n"]

    @classmethod
    def along(cls, start: float, step: float, *, count: int, length: int) -> _Taps:
        place = start + step * np.arange(count)
        below = np.floor(place).astype(int)
        share = place - below
        inside = [(tap >= 0) & (tap < length) for tap in (below, below + 1)]
        return cls(
            below.clip(0, length - 1),
            (below + 1).clip(0, length - 1),
            np.where(inside[0], 1 - share, 0).astype(np.float32),
            np.where(inside[1], share, 0).astype(np.float32),
        )

    def part(self, where: slice) -> _Taps:
        return _Taps(*(values[where] for values in self))


class _AxisByAxis:
    """Makes slabs of a target whose axes are the source's.

    All values are counted from air, so that what lies outside adds nothing.
    """

    def __init__(self, hu: np.ndarray, z: _Taps, y: _Taps, x: _Taps, out: np.ndarray) -> None:
        self.hu, self.z, self.y, self.x, self.out = hu, z, y, x, out

    def __call__(self, low: int) -> None:
        """Make the slab that begins at slice ``low``."""
        slab = slice(low, low + _SLAB)
        z = self.z.part(slab)
        needed = np.unique(np.concatenate([z.below, z.above]))
        planes = {int(at): self._plane(self.hu[at]) for at in needed}
        for number, (below, above, near, far) in enumerate(zip(*z, strict=True)):
            plane = self.out[low + number]
            np.multiply(planes[int(below)], near, out=plane)
            plane += planes[int(above)] * far
            plane += np.float32(AIR_HU)

    def _plane(self, plane: np.ndarray) -> Float32[np.ndarray, "y x"]:
        """Read one slice of the source at the target's rows and columns."""
        y, x = self.y, self.x
        first, last = int(min(x.below.min(), x.above.min())), int(max(x.below.max(), x.above.max()))
        plane = plane[:, first : last + 1].astype(np.float32)
        plane -= np.float32(AIR_HU)
        rows = plane[y.below] * y.low[:, None]
        rows += plane[y.above] * y.high[:, None]
        columns = np.take(rows, x.below - first, axis=1)
        columns *= x.low
        beside = np.take(rows, x.above - first, axis=1)
        beside *= x.high
        columns += beside
        return columns


class _AllAtOnce:
    """Makes slabs of a target that lies aslant in the source."""

    def __init__(
        self,
        hu: np.ndarray,
        matrix: Float[np.ndarray, "3 3"],
        offset: Float[np.ndarray, 3],
        out: np.ndarray,
    ) -> None:
        self.hu = hu.astype(np.float32)
        self.matrix, self.offset, self.out = matrix, offset, out

    def __call__(self, low: int) -> None:
        """Make the slab that begins at slice ``low``."""
        slab = self.out[low : low + _SLAB]
        ndimage.affine_transform(
            self.hu,
            self.matrix,
            self.offset + self.matrix[:, 0] * low,
            output=slab,
            output_shape=slab.shape,
            order=1,
            mode="grid-constant",
            cval=AIR_HU,
        )
