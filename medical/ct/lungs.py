"""Where the lungs are: a mask by threshold and anatomy, made for skipping what is not lung.

It aims to miss no lung rather than to be exact: hollows that nodules and vessels leave are
closed, airways may stay in. Works on scans cropped to the thorax too: lung that is cut by the
image's edge is added, and so is a lung that is small beside the other. On an ordinary chest there
is neither.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, UInt8
from scipy import ndimage

from medical.ct.balls import IN_PLANE, close, fill_in_plane, grow, largest_in_plane, shrink
from medical.ct.parts import Parts
from medical.ct.sides import Midline, find_midline
from medical.ct.slabs import map_slabs

_AIR_HU = -400.0
_OUTSIDE_HU = -940.0  # air around a body is emptier than lung
_GAS_HU = -930.0  # in airways and bowel
_RUN_MM = 6.0  # a crease between arm and chest is narrower
_DEPTH_MM = 6.0
_MIN_PART_ML = 20.0
_MISSING_SHARE = 0.25  # of the searched lung on one side: less is a side without its lung
_GRID_MM = 2.0
_MIN_LUNG_ML = 150.0  # a lung smaller than this is not looked for
_CLOSE_MM = 8.0
_SHELL_MM = 4.0  # half of what a wall must measure; a table's shell does not
_VESSEL_MM = 4.0  # hollows up to twice as wide are vessels
_VESSEL_SHARE = 0.005  # of a lung; measured 0.012 to 0.08 in 11 CTs, 0.000 in a table


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
    min_count = max(2, round(_RUN_MM / grid_mm))
    body = _body_at_the_edge(hu >= _AIR_HU)
    edges = (
        (cut[:, 1:-1, 0], body[:, :, 0], hu[:, :, :depth].mean(2)),
        (cut[:, 1:-1, -1], body[:, :, -1], hu[:, :, -depth:].mean(2)),
        (cut[:, 0, 1:-1], body[:, 0], hu[:, :depth].mean(1)),
        (cut[:, -1, 1:-1], body[:, -1], hu[:, -depth:].mean(1)),
    )
    for frame, wall, inwards in edges:
        for z in np.flatnonzero(wall.sum(1) > 1):  # of most slices none: the body ends before
            frame[z] = _between_walls(wall[z], inwards[z], min_count=min_count)
    return cut


def _body_at_the_edge(tissue: Bool[np.ndarray, "z y x"]) -> Bool[np.ndarray, "z y x"]:
    """Mark the body in slices in which tissue runs along an edge; the others are left empty."""
    edges = (tissue[:, :, 0], tissue[:, :, -1], tissue[:, 0], tissue[:, -1])
    slices = np.flatnonzero(np.any([edge.sum(1) > 1 for edge in edges], axis=0))
    body = np.zeros_like(tissue)
    if len(slices):
        body[slices] = largest_in_plane(tissue[slices])
    return body


def _between_walls(
    wall: Bool[np.ndarray, " n"], hu: Float[np.ndarray, " n"], *, min_count: int
) -> Bool[np.ndarray, " n"]:
    """Mark runs along one edge with chest wall at both ends and the density of lung."""
    cut = np.zeros(len(wall), bool)
    runs, count = ndimage.label(~wall)
    for run in set(range(1, count + 1)) - {int(runs[0]), int(runs[-1])}:
        where = runs == run
        if where.sum() >= min_count and _OUTSIDE_HU < float(hu[where].mean()) < _AIR_HU:
            cut |= where
    return cut


def small_lungs(
    hu: Float[np.ndarray, "z y x"],
    left_out: Bool[np.ndarray, "z y x"],
    lungs: Bool[np.ndarray, "z y x"],
    *,
    grid_mm: float,
    midline: Midline | None = None,
) -> Bool[np.ndarray, "z y x"]:
    """Air-filled parts on a side of the patient that has no lung otherwise.

    Args:
        hu: Hounsfield units.
        left_out: air inside the body that is not among ``lungs``.
        lungs: what is taken for lung already.
        grid_mm: voxel edge, millimetres.
        midline: tells that of ``hu``, where somebody else looks for it.
    """
    added = np.zeros(lungs.shape, bool)
    heights = np.flatnonzero(lungs.any((1, 2)))
    if len(heights) == 0:
        return added
    middle = midline() if midline else find_midline(hu, spacing_mm=grid_mm)
    if middle is None:
        return added
    left = np.arange(hu.shape[2])[None, None, :] > middle[:, None, None]
    share = np.count_nonzero(lungs & left) / np.count_nonzero(lungs)
    empty = left if share < _MISSING_SHARE else ~left if share > 1 - _MISSING_SHARE else None
    if empty is None:
        return added
    labels, count = ndimage.label(left_out)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    for part in np.flatnonzero(sizes >= _MIN_PART_ML * 1000 / grid_mm**3):
        where = labels == part
        beside = (
            where.any((1, 2))[heights[0] : heights[-1] + 1].sum() > 0.5 * where.any((1, 2)).sum()
        )
        if beside and (where & empty).sum() > 0.5 * sizes[part] and hu[where].mean() > _GAS_HU:
            added |= where
    return added


def lung_mask(
    hu: Float[np.ndarray, "z y x"], *, spacing_mm: float = 1.0, midline: Midline | None = None
) -> Bool[np.ndarray, "z y x"]:
    """Mark lung in an isotropic axial volume (z to the head, y to the back).

    Args:
        hu: Hounsfield units.
        spacing_mm: voxel edge, millimetres.
        midline: tells that of ``hu`` on a grid of 2 mm, where somebody else looks for it.

    Returns:
        The mask; all false where no air-filled lung was found.
    """
    step = max(1, round(_GRID_MM / spacing_mm))
    coarse_mm = step * spacing_mm
    coarse = np.asarray(hu[::step, ::step, ::step])
    air = coarse < _AIR_HU
    inside = map_slabs(_clear_in_plane_border, air, cut_lung(coarse, grid_mm=coarse_mm))
    parts = _largest_parts(inside, min_voxels=_MIN_LUNG_ML * 1000 / coarse_mm**3)
    lungs = _without_tables(parts, air, grid_mm=coarse_mm)
    left_out = inside & ~lungs
    lungs |= small_lungs(coarse, left_out, lungs, grid_mm=coarse_mm, midline=midline)
    filled = fill_in_plane(close(lungs, radius_voxel=_CLOSE_MM / coarse_mm))
    full = filled.repeat(step, 0).repeat(step, 1).repeat(step, 2)
    return np.ascontiguousarray(full[: hu.shape[0], : hu.shape[1], : hu.shape[2]])


def _clear_in_plane_border(
    air: Bool[np.ndarray, "z y x"], cut: Bool[np.ndarray, "z y2 x2"]
) -> Bool[np.ndarray, "z y x"]:
    """Drop the air around the body: every in-plane region that touches the image's edge.

    Args:
        air: what is air.
        cut: of the frame of one voxel around the image, where lung lies at the edge.
    """
    framed = np.pad(air, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    framed[cut] = False
    labels, _ = ndimage.label(framed, structure=IN_PLANE)
    frame = (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1])
    outside = np.unique(np.concatenate([side.ravel() for side in frame]))
    keep = np.ones(labels.max() + 1, bool)
    keep[outside] = keep[0] = False
    return np.asarray(keep[labels][:, 1:-1, 1:-1])


def _largest_parts(
    air: Bool[np.ndarray, "z y x"], *, min_voxels: float
) -> UInt8[np.ndarray, "z y x"]:
    """Give the three largest parts, at most, a number: two lungs, or one with the airways."""
    parts = Parts.of(air)
    sizes = parts.sizes()
    largest = np.argsort(sizes)[::-1][:3]
    good = largest[sizes[largest] >= max(min_voxels, 0.1 * sizes.max(), 1)]
    number = np.zeros(parts.count + 1, np.uint8)
    number[good] = np.arange(1, len(good) + 1)
    return parts.looked_up(number)


def _without_tables(
    parts: UInt8[np.ndarray, "z y x"], air: Bool[np.ndarray, "z y x"], *, grid_mm: float
) -> Bool[np.ndarray, "z y x"]:
    """Drop hollow and foam-filled tables: no thick wall around them and no vessel in them.

    Either alone would cost lungs: thin people's walls are thin, and emphysema has few vessels.
    """
    count = int(parts.max(initial=0))
    if count < 2:
        return parts > 0
    inside = _inside_body(air, shell_voxel=_SHELL_MM / grid_mm)
    good = [False]
    for part in range(1, count + 1):
        lung = parts == part
        good.append(
            bool(inside[lung].mean() > 0.5)
            or lung.sum()
            < (1 - _VESSEL_SHARE) * close(lung, radius_voxel=_VESSEL_MM / grid_mm).sum()
        )
    return np.asarray(np.array(good)[parts]) if any(good) else parts > 0


def _inside_body(
    air: Bool[np.ndarray, "z y x"], *, shell_voxel: float
) -> Bool[np.ndarray, "z y x"]:
    """Find the body and what it surrounds, by slice; shells thinner than twice that are gone."""
    core = shrink(~air, radius_voxel=shell_voxel)
    grown = grow(core, radius_voxel=shell_voxel)
    labels, count = ndimage.label(grown)
    if count == 0:
        return np.zeros_like(air)
    body = labels == 1 + np.argmax(np.bincount(labels.ravel())[1:])
    return fill_in_plane(body)
