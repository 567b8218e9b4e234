"""Sensitivity by place in the lung: ``python -m tests.benchmarks.folds.places DATA [TABLE]``.

DATA is what ``folds.data`` and ``folds.inserted`` wrote; TABLE one of ``predictions/``, in two
views. A nodule INSERTED lies at what is no lung where less than 3 mm of lung is between that and
its rim, else within 15 mm of it or deeper. Where there is lung on both sides of it, in x, it is
mediastinum, heart or the hilum's vessels, else chest wall or diaphragm. Fissures have no mask.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from scipy import ndimage

from medical.evaluation.froc import Scores, match_scans
from medical.synthesis.case import TrainingCase
from tests.benchmarks.folds.compare import LITE
from tests.benchmarks.folds.inserted import with_room
from tests.benchmarks.folds.predictions import PREDICTIONS, read_predictions
from tests.benchmarks.leave_out.score import tables_of
from tests.benchmarks.leave_out.seen_scan import Places, SeenScan

WALL, MEDIASTINUM, NEAR, DEEP = (
    "at chest wall or diaphragm",
    "at mediastinum, heart or hilum",
    "3 to 15 mm of lung between",
    "deeper",
)
_AT_MM, _NEAR_MM = 3.0, 15.0
_BINS_MM = ((4, 8), (8, 60))


def name_places(lung: Bool[np.ndarray, "z y x"], nodules: Places) -> list[str]:
    """Name where each nodule lies; 1 mm voxels."""
    inside, nearest = ndimage.distance_transform_edt(lung, return_indices=True)
    names = []
    for z, y, x, mm in nodules:
        at = tuple(np.clip(np.round([z, y, x]).astype(int), 0, np.array(lung.shape) - 1))
        gap = inside[at] - mm / 2
        border_z, border_y, border_x = (int(axis[at]) for axis in nearest)
        row = lung[border_z, border_y]
        between = bool(row[:border_x].any() and row[border_x:].any())
        if gap < _AT_MM:
            names.append(MEDIASTINUM if between else WALL)
        else:
            names.append(NEAR if gap < _NEAR_MM else DEEP)
    return names


def threshold_for(scans: list[SeenScan], *, rate: float) -> float:
    """Return the score that leaves a rate of false positives in the scans with nodules."""
    matches = match_scans(tables_of(scans))
    wrong = np.sort(np.concatenate([match.false_positives for match in matches]))[::-1]
    p = float(wrong[int(rate * len(scans))])
    return float(np.log(p) - np.log1p(-p))


def hits_of(scan: SeenScan, threshold: float) -> Bool[np.ndarray, " n"]:
    """Which nodules have a candidate inside their radius above a threshold."""
    passed = scan.marks[scan.scores > threshold]
    apart = np.linalg.norm(passed[:, None, :3] - scan.inserted[None, :, :3], axis=2)
    return np.asarray((apart < scan.inserted[:, 3] / 2).any(0))


def by_place(
    data: Path, scans: list[SeenScan], *, rate: float
) -> dict[str, Float[np.ndarray, "n 2"]]:
    """Rows (diameter, whether it is found) of each place, one threshold for all lungs."""
    threshold = threshold_for(scans, rate=rate)
    rows: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for lung in dict.fromkeys(scan.lung for scan in scans):
        own = [scan for scan in scans if scan.lung == lung]
        case = with_room(TrainingCase.load(data / "cases" / f"{lung}.npz"))
        nodules = np.concatenate([scan.inserted for scan in own])
        hits = np.concatenate([hits_of(scan, threshold) for scan in own])
        for name, mm, hit in zip(name_places(case.lung, nodules), nodules[:, 3], hits, strict=True):
            rows[name].append((float(mm), bool(hit)))
    return {name: np.array(rows[name], float).reshape(-1, 2) for name in rows}


def main() -> None:
    """Print the table."""
    data, table = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else LITE
    scans = [scan for scan in read_predictions(PREDICTIONS / table, views=2) if not scan.as_it_is]
    nodules = int(Scores.of(match_scans(tables_of(scans))).nodules.sum())
    print(f"{table}: {nodules} INSERTED nodules, one false positive a scan, one threshold for all")
    rows = by_place(data, scans, rate=1.0)
    for name in (WALL, MEDIASTINUM, NEAR, DEEP):
        parts = [f"{name}: {rows[name][:, 1].mean():.2f} of {len(rows[name])}"]
        for low, high in _BINS_MM:
            some = rows[name][(rows[name][:, 0] >= low) & (rows[name][:, 0] < high), 1]
            parts.append(f"{low} to {high} mm {some.mean():.2f} of {len(some)}")
        print("  " + ", ".join(parts))


if __name__ == "__main__":
    main()
