"""Size of one nodule from its mask: long and short axis, volume, mean HU."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

Points = Float[np.ndarray, "n 2"]
Ends = Float[np.ndarray, "2 3"]


@dataclass(frozen=True, slots=True)
class MaskSize:
    """Sizes of a mask.

    Args:
        long_axis_mm: longest diameter in the axial slice with the largest area.
        short_axis_mm: largest diameter perpendicular to it in the same slice.
        volume_mm3: of the whole mask.
    """

    long_axis_mm: float
    short_axis_mm: float
    volume_mm3: float

    @property
    def diameter_mm(self) -> float:
        """Mean of long and short axis (Lung-RADS v2022)."""
        return (self.long_axis_mm + self.short_axis_mm) / 2


def central_component(mask: Bool[np.ndarray, "z y x"]) -> Bool[np.ndarray, "z y x"]:
    """Keep the connected part nearest to the middle of the crop."""
    labels, count = ndimage.label(mask)
    if count <= 1:
        return mask
    where = np.argwhere(mask)
    middle = (np.array(mask.shape) - 1) / 2
    nearest = where[((where - middle) ** 2).sum(1).argmin()]
    return np.asarray(labels == labels[tuple(nearest)])


def measure_mask(mask: Bool[np.ndarray, "z y x"], *, voxel_mm: float) -> MaskSize | None:
    """Measure a mask with cubic voxels on the patient's axes.

    Args:
        mask: ``[z, y, x]``, slices axial.
        voxel_mm: edge of a voxel.

    Returns:
        The sizes, or ``None`` for an empty mask.

    Source:
        Long and short axis as in Lung-RADS v2022 (ACR), measured between the outer edges of
        pixels: half a pixel is added at each end.
    """
    if voxel_mm <= 0:
        raise ValueError(f"voxel_mm must be positive, got {voxel_mm}")
    if not mask.any():
        return None
    area = mask.sum((1, 2))
    points = np.argwhere(mask[int(area.argmax())]).astype(float)
    long_voxel, short_voxel = _axes(points)
    return MaskSize(
        (long_voxel + 1) * voxel_mm,
        (short_voxel + 1) * voxel_mm,
        float(mask.sum()) * voxel_mm**3,
    )


def axis_lines(mask: Bool[np.ndarray, "z y x"]) -> tuple[Ends, Ends] | None:
    """Return the ends of the long and the short axis that ``measure_mask`` measures.

    Args:
        mask: ``[z, y, x]``, slices axial.

    Returns:
        Two lines, an end a row, in voxels ``(z, y, x)``; between the outer edges of pixels. The
        short one crosses the long one. ``None`` for an empty mask.
    """
    if not mask.any():
        return None
    z = int(mask.sum((1, 2)).argmax())
    corners, first, second = _farthest(np.argwhere(mask[z]).astype(float))
    start, end = corners[first], corners[second]
    length = float(np.linalg.norm(end - start))
    along = (end - start) / length if length else np.array([0.0, 1.0])
    normal = np.array([-along[1], along[0]])
    across, places = (corners - start) @ normal, (corners - start) @ along
    low, high = int(across.argmin()), int(across.argmax())
    foot = start + along * (places[low] + places[high]) / 2
    lines = (
        (start - along / 2, end + along / 2),
        (foot + normal * (across[low] - 0.5), foot + normal * (across[high] + 0.5)),
    )
    long, short = (np.insert(np.array(line), 0, z, axis=1) for line in lines)
    return long, short


def _axes(points: Points) -> tuple[float, float]:
    """Longest distance between two points, and the extent across it."""
    corners, a, b = _farthest(points)
    longest = float(np.linalg.norm(corners[a] - corners[b], axis=-1))
    if longest == 0:
        return 0.0, 0.0
    along = (corners[b] - corners[a]) / longest
    across = corners @ np.array([-along[1], along[0]])
    return longest, float(across.max() - across.min())


def _farthest(points: Points) -> tuple[Points, int, int]:
    """Corners of the points, and which two of them lie farthest apart."""
    from scipy.spatial import ConvexHull, QhullError  # late: not before a CT is read

    try:
        corners = points[ConvexHull(points).vertices]
    except (QhullError, ValueError):  # fewer than three points, or all on a line
        corners = points
    apart = np.linalg.norm(corners[:, None] - corners[None], axis=-1)
    a, b = np.unravel_index(int(apart.argmax()), apart.shape)
    return corners, int(a), int(b)
