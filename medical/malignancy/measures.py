"""Simple measures of an outline and the HU in and around it, on the near crop's grid."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

NAMES = (
    "log_volume",
    "log_long_axis",
    "log_middle_axis",
    "log_short_axis",
    "middle_to_long",
    "short_to_long",
    "sphericity",
    "solidity_of_largest_slice",
    "roundness_of_largest_slice",
    "mean_hu",
    "std_hu",
    "p10_hu",
    "median_hu",
    "p90_hu",
    "core_hu",
    "inner_rim_hu",
    "outside_hu",
    "edge_hu",
    "share_ground_glass",
    "share_calcified",
)
_GROUND_GLASS_HU, _CALCIFIED_HU = -300.0, 250.0


def measure(
    hu: Float[np.ndarray, "z y x"], mask: Bool[np.ndarray, "z y x"], *, voxel_mm: float
) -> Float[np.ndarray, " m"]:
    """Measure one nodule; the values are in the order of ``NAMES``.

    Args:
        hu: crop of equal edges.
        mask: outline in it; where it is empty, the middle eight voxels.
        voxel_mm: edge of a voxel.
    """
    if not mask.any():
        mask = np.zeros_like(mask)
        middle = slice(mask.shape[0] // 2 - 1, mask.shape[0] // 2 + 1)
        mask[middle, middle, middle] = True
    count = int(mask.sum())
    points = np.argwhere(mask).astype(float)
    covariance = np.cov((points - points.mean(0)).T) if count > 1 else np.zeros((3, 3))
    # a solid ellipsoid's half axis is sqrt(5) times its standard deviation
    axes = 2 * np.sqrt(5 * np.clip(np.linalg.eigvalsh(covariance)[::-1], 0.05, None)) * voxel_mm
    inside = hu[mask]
    core = ndimage.binary_erosion(mask, iterations=2)
    inner = mask & ~ndimage.binary_erosion(mask)
    outside = ndimage.binary_dilation(mask, iterations=2) & ~ndimage.binary_dilation(mask)
    core_hu = float(hu[core].mean()) if core.any() else float(np.percentile(inside, 75))
    inner_hu = float(hu[inner].mean())
    outside_hu = float(hu[outside].mean()) if outside.any() else inner_hu
    solidity, roundness = _slice_shape(mask)
    return np.array(
        [
            math.log(count * voxel_mm**3),
            *np.log(axes),
            axes[1] / axes[0],
            axes[2] / axes[0],
            _sphericity(mask, count),
            solidity,
            roundness,
            inside.mean(),
            inside.std(),
            *np.percentile(inside, [10, 50, 90]),
            core_hu,
            inner_hu,
            outside_hu,
            inner_hu - outside_hu,
            (inside < _GROUND_GLASS_HU).mean(),
            (inside > _CALCIFIED_HU).mean(),
        ]
    )


def _sphericity(mask: Bool[np.ndarray, "z y x"], count: int) -> float:
    """Surface of a ball of that volume over the mask's; faces of voxels overstate it by half."""
    padded = np.pad(mask, 1).astype(np.int8)
    faces = sum(int(np.abs(np.diff(padded, axis=axis)).sum()) for axis in range(3))
    ball = math.pi ** (1 / 3) * (6 * count) ** (2 / 3)
    return float(1.5 * ball / faces)


def _slice_shape(mask: Bool[np.ndarray, "z y x"]) -> tuple[float, float]:
    """Area over that of the convex hull, and 4 pi area over perimeter squared."""
    from scipy.spatial import ConvexHull, QhullError  # late: not before a CT is read

    plane = mask[int(mask.sum((1, 2)).argmax())]
    area = float(plane.sum())
    corners = np.argwhere(plane)[:, None] + np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    try:
        hull = ConvexHull(corners.reshape(-1, 2))
    except QhullError:
        return 1.0, 1.0
    padded = np.pad(plane, 1).astype(np.int8)
    edges = sum(int(np.abs(np.diff(padded, axis=axis)).sum()) for axis in range(2))
    # edges of pixels overstate a smooth outline by 4 / pi
    return area / float(hull.volume), 4 * math.pi * area / (edges * math.pi / 4) ** 2
