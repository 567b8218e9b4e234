"""Where the patient's midline runs: by the spine, else by the body's outline, never by the lungs.

The middle of what is searched lies in one lung where the other is opaque, collapsed or gone.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

_BONE_HU = 250.0
_TISSUE_HU = -300.0
_SPINE_MM = 40.0  # a vertebra's width
_NEAR_MM = 25.0  # how far a bent spine strays from its mean place
_ALONG_MM = 60.0  # over how much of its height the local place is averaged
_MIN_BONE_ML = 5.0
_EDGE_VOXEL = 2


def largest_part(mask: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """Keep the largest connected part of a plane; the plane itself where there is none."""
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    return np.asarray(labels == 1 + np.bincount(labels.ravel())[1:].argmax())


def find_midline(
    hu: Float[np.ndarray, "z y x"], *, spacing_mm: float
) -> Float[np.ndarray, " z"] | None:
    """Voxel x of the midline in each slice of an isotropic upright axial volume.

    Args:
        hu: Hounsfield units (z to the head, y to the back, x to the left).
        spacing_mm: voxel edge, millimetres.

    Returns:
        ``None`` where neither spine nor both sides of the body are in the image.
    """
    body = np.stack([largest_part(plane > _TISSUE_HU) for plane in hu])
    return _by_spine(hu, body, spacing_mm) if body.any() else None


def _by_spine(
    hu: Float[np.ndarray, "z y x"], body: Bool[np.ndarray, "z y x"], spacing_mm: float
) -> Float[np.ndarray, " z"] | None:
    """Find the column of bone in the body's back half that keeps its place between slices.

    Ribs and shoulder blades wander sideways with height, so that over all slices they weigh less.
    """
    profile = _bone_at_the_back(hu, body)
    if profile.sum() * spacing_mm**3 < _MIN_BONE_ML * 1000:
        return _by_outline(body)
    width = max(1, round(_SPINE_MM / spacing_mm))
    whole = ndimage.uniform_filter1d(profile.sum(0), width, mode="constant")
    near = round(_NEAR_MM / spacing_mm)
    x = np.arange(profile.shape[1])
    close = profile * (np.abs(x - int(whole.argmax())) <= near)
    along = max(1, round(_ALONG_MM / spacing_mm))
    around = ndimage.uniform_filter1d(close, along, axis=0, mode="nearest")
    weight = around.sum(1)
    middle = np.full(len(profile), float(whole.argmax()))
    there = weight > 0
    middle[there] = (around[there] * x).sum(1) / weight[there]
    return middle


def _bone_at_the_back(
    hu: Float[np.ndarray, "z y x"], body: Bool[np.ndarray, "z y x"]
) -> Float[np.ndarray, "z x"]:
    """Voxels of bone in each slice and column, behind the body's middle."""
    midline = np.zeros((hu.shape[0], hu.shape[2]))
    for z, (plane, outline) in enumerate(zip(hu, body, strict=True)):
        rows = np.flatnonzero(outline.any(1))
        if len(rows):
            back = (rows[0] + rows[-1]) // 2
            midline[z] = ((plane > _BONE_HU) & outline)[back:].sum(0)
    return midline


def _by_outline(body: Bool[np.ndarray, "z y x"]) -> Float[np.ndarray, " z"] | None:
    """Find the middle of the body's width, where the image shows both its sides."""
    columns = np.flatnonzero(body.any((0, 1)))
    if columns[0] < _EDGE_VOXEL or columns[-1] >= body.shape[2] - _EDGE_VOXEL:
        return None
    middle = []
    for outline in body:
        across = np.flatnonzero(outline.any(0))
        middle.append((across[0] + across[-1]) / 2 if len(across) else np.nan)
    known = np.array(middle)
    return np.full(len(known), float(np.nanmedian(known)))
