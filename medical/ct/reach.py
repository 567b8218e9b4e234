"""Lung that a plain threshold would leave out: cut by the image's edge, or small beside the other.

On an ordinary chest there is neither, and nothing is added.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from medical.ct.midline import find_midline
from medical.ct.planes import largest_part

_AIR_HU = -400.0
_OUTSIDE_HU = -940.0  # air around a body is emptier than lung
_GAS_HU = -930.0  # in airways and bowel
_RUN_MM = 6.0  # a crease between arm and chest is narrower
_DEPTH_MM = 6.0
_LEAST_ML = 20.0
_MISSING_SHARE = 0.25  # of the searched lung on one side: less is a side without its lung


def cut_lung(hu: Float[np.ndarray, "z y x"], *, grid_mm: float) -> Bool[np.ndarray, "z y2 x2"]:
    """Where lung, not outer air, lies at the image's edge: between chest wall and chest wall.

    Args:
        hu: Hounsfield units.
        grid_mm: voxel edge, millimetres.

    Returns:
        A mask of the volume with a frame of one voxel in plane; true in the frame only.
    """
    cut = np.zeros((hu.shape[0], hu.shape[1] + 2, hu.shape[2] + 2), bool)
    depth = max(1, round(_DEPTH_MM / grid_mm))
    least = max(2, round(_RUN_MM / grid_mm))
    for z, plane in enumerate(hu):
        body = largest_part(plane >= _AIR_HU)
        edges = (
            (cut[z, 1:-1, 0], body[:, 0], plane[:, :depth].mean(1)),
            (cut[z, 1:-1, -1], body[:, -1], plane[:, -depth:].mean(1)),
            (cut[z, 0, 1:-1], body[0], plane[:depth].mean(0)),
            (cut[z, -1, 1:-1], body[-1], plane[-depth:].mean(0)),
        )
        for frame, wall, inwards in edges:
            frame[:] = _between_walls(wall, inwards, least=least)
    return cut


def _between_walls(
    wall: Bool[np.ndarray, " n"], hu: Float[np.ndarray, " n"], *, least: int
) -> Bool[np.ndarray, " n"]:
    """Mark runs along one edge with chest wall at both ends and the density of lung."""
    found = np.zeros(len(wall), bool)
    if wall.sum() < 2:
        return found
    runs, count = ndimage.label(~wall)
    for run in set(range(1, count + 1)) - {int(runs[0]), int(runs[-1])}:
        where = runs == run
        if where.sum() >= least and _OUTSIDE_HU < float(hu[where].mean()) < _AIR_HU:
            found |= where
    return found


def small_lungs(
    hu: Float[np.ndarray, "z y x"],
    left_out: Bool[np.ndarray, "z y x"],
    lungs: Bool[np.ndarray, "z y x"],
    *,
    grid_mm: float,
) -> Bool[np.ndarray, "z y x"]:
    """Air-filled parts on a side of the patient that has no lung otherwise.

    Args:
        hu: Hounsfield units.
        left_out: air inside the body that is not among ``lungs``.
        lungs: what is taken for lung already.
        grid_mm: voxel edge, millimetres.
    """
    found = np.zeros(lungs.shape, bool)
    heights = np.flatnonzero(lungs.any((1, 2)))
    labels, count = ndimage.label(left_out)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    large = np.flatnonzero(sizes >= _LEAST_ML * 1000 / grid_mm**3)
    if len(heights) == 0 or len(large) == 0:
        return found
    midline = find_midline(hu, spacing_mm=grid_mm)
    if midline is None:
        return found
    left = np.arange(hu.shape[2])[None, None, :] > midline[:, None, None]
    share = float((lungs & left).sum()) / float(lungs.sum())
    empty = left if share < _MISSING_SHARE else ~left if share > 1 - _MISSING_SHARE else None
    if empty is None:
        return found
    for part in large:
        where = labels == part
        beside = (
            where.any((1, 2))[heights[0] : heights[-1] + 1].sum() > 0.5 * where.any((1, 2)).sum()
        )
        if beside and (where & empty).sum() > 0.5 * sizes[part] and hu[where].mean() > _GAS_HU:
            found |= where
    return found
