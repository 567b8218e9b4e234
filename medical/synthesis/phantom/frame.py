"""The phantom's own coordinates: millimetres from the middle of the chest, bent a little.

``x`` to the patient's left, ``y`` to the back, ``z`` to the head, ``z = 0`` at the lowest slice.
Organs are written down in a straight frame and drawn in a bent one, so no two seeds look alike and
nothing is symmetric.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medical.geometry import Shape3, Spacing3
from medical.synthesis.phantom.fields import Volume, smooth_field

WARP_MM = 3.0
_MARGIN_MM = 4 * WARP_MM
Slices3 = tuple[slice, slice, slice]
Point = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Where each voxel lies in the phantom.

    Args:
        shape: voxels ``(z, y, x)``.
        spacing_mm: ``(z, y, x)``.
        z, y, x: millimetres, each broadcastable to ``shape``.
        bent: whether the coordinates carry the smooth deformation.
    """

    shape: Shape3
    spacing_mm: Spacing3
    z: Volume
    y: Volume
    x: Volume
    bent: bool

    @classmethod
    def straight(cls, *, shape: Shape3, spacing_mm: Spacing3) -> Frame:
        """Return the undeformed frame: one line of coordinates an axis."""
        z, y, x = (
            np.arange(n, dtype=np.float32) * step for n, step in zip(shape, spacing_mm, strict=True)
        )
        y = y - y.mean()
        x = x - x.mean()
        return cls(shape, spacing_mm, z[:, None, None], y[None, :, None], x[None, None, :], False)

    def bend(self, rng: np.random.Generator, *, amplitude_mm: float = WARP_MM) -> Frame:
        """Displace the coordinates of the same voxels by up to a few ``amplitude_mm``."""
        z, y, x = (
            axis
            + np.float32(amplitude_mm * part)
            * smooth_field(rng, shape=self.shape, spacing_mm=self.spacing_mm, scale_mm=55.0)
            for axis, part in ((self.z, 1.0), (self.y, 0.8), (self.x, 1.0))
        )
        return Frame(self.shape, self.spacing_mm, z, y, x, True)

    def around(self, low: Point, high: Point) -> tuple[Slices3, Frame] | None:
        """Cut out the part that holds the box ``low``..``high`` (``(x, y, z)`` millimetres).

        ``None`` when the box lies outside the volume.
        """
        margin = _MARGIN_MM if self.bent else 0.0
        _, rows, columns = self.shape
        _, y_mm, x_mm = self.spacing_mm
        origin = (0.0, -(rows - 1) / 2 * y_mm, -(columns - 1) / 2 * x_mm)
        slices = []
        for axis, (first, step, count) in enumerate(
            zip(origin, self.spacing_mm, self.shape, strict=True)
        ):
            start = int(np.floor((low[2 - axis] - margin - first) / step))
            stop = int(np.ceil((high[2 - axis] + margin - first) / step)) + 1
            start, stop = max(start, 0), min(stop, count)
            if stop <= start:
                return None
            slices.append(slice(start, stop))
        at = (slices[0], slices[1], slices[2])
        shape = (at[0].stop - at[0].start, at[1].stop - at[1].start, at[2].stop - at[2].start)
        z, y, x = (
            values[tuple(s if values.shape[k] > 1 else slice(None) for k, s in enumerate(at))]
            for values in (self.z, self.y, self.x)
        )
        return at, Frame(shape, self.spacing_mm, z, y, x, self.bent)
