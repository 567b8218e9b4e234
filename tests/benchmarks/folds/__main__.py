"""What the folds found: ``make bench NAME=folds``, from the predictions in ``predictions/``.

Needs no accelerator and no CT. Known lesions in scans as they are, then nodules INSERTED into them,
by the folds of the recipe ``starlung-fast``; then one network beside another.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from medical.evaluation.froc import Scores, match_scans
from tests.benchmarks.folds.common_scale import on_common_scale
from tests.benchmarks.folds.compare import print_comparisons
from tests.benchmarks.folds.predictions import PREDICTIONS, read_predictions
from tests.benchmarks.folds.recipes import print_recipes
from tests.benchmarks.folds.scans import FOLDS, SCANS
from tests.benchmarks.folds.second.second_stages import print_second_stages
from tests.benchmarks.leave_out.known_lesions import lesions_of, operate
from tests.benchmarks.leave_out.score import lung_interval, tables_of
from tests.benchmarks.leave_out.seen_scan import SeenScan

PRESENT = PREDICTIONS / "starlung-fast"  # of its recipe; beside it those of ``local-attention``
RATE = 0.5  # false positives a scan that a threshold from the other scans allows
_BINS_MM = ((4, 6), (6, 8), (8, 15), (15, 60))


def cpm_of(scans: list[SeenScan]) -> tuple[float, float, float, int]:
    """Mean sensitivity for what is inserted, its interval by lung, and the number of nodules."""
    scores = Scores.of(match_scans(tables_of(scans)))
    low, high = lung_interval(scores, [scan.lung for scan in scans])
    return scores.curve().cpm, low, high, int(scores.nodules.sum())


def print_inserted(by_fold: dict[str, list[SeenScan]]) -> dict[str, float]:
    """By lung, by collection and pooled."""
    collections: dict[str, list[SeenScan]] = defaultdict(list)
    pooled: list[SeenScan] = []
    for fold, scans in by_fold.items():
        inserted_scans = [scan for scan in scans if not scan.as_it_is]
        if not inserted_scans:
            continue
        cpm, low, high, nodules = cpm_of(inserted_scans)
        print(f"{fold} left out: {cpm:.3f} [{low:.3f}, {high:.3f}], {nodules} INSERTED nodules")
        for lung in dict.fromkeys(scan.lung for scan in inserted_scans):
            own = [scan for scan in inserted_scans if scan.lung == lung]
            print(f"    {lung:24s} {cpm_of(own)[0]:.3f}")
        for scan in inserted_scans:
            collections[SCANS[scan.lung].collection].append(scan)
        pooled += on_common_scale(inserted_scans)
    worst = {name: cpm_of(scans) for name, scans in collections.items()}
    for name, (cpm, low, high, nodules) in worst.items():
        print(f"  collection {name:10s} {cpm:.3f} [{low:.3f}, {high:.3f}] of {nodules}")
    cpm, low, high, nodules = cpm_of(pooled)
    print(f"pooled on a common scale: {cpm:.3f} [{low:.3f}, {high:.3f}] of {nodules} INSERTED")
    print_sizes(pooled)
    return {
        "cpm_pooled": round(cpm, 3),
        "cpm_pooled_lo": round(low, 3),
        "cpm_pooled_hi": round(high, 3),
        "cpm_worst_collection": round(min(row[0] for row in worst.values()), 3),
    }


def print_sizes(scans: list[SeenScan]) -> None:
    """Share found by size at one false mark a scan of the common scale."""
    recalled: dict[tuple[int, int], list[bool]] = defaultdict(list)
    for scan in scans:
        on = scan.marks[scan.scores >= 0.0]
        for row in scan.inserted:
            apart = np.linalg.norm(on[:, :3] - row[:3], axis=1)
            mm = next((b for b in _BINS_MM if b[0] <= row[3] < b[1]), None)
            if mm is not None:
                recalled[mm].append(bool((apart < row[3] / 2).any()))
    for mm in _BINS_MM:
        if recalled[mm]:
            print(f"    {mm[0]} to {mm[1]} mm: {np.mean(recalled[mm]):.2f} of {len(recalled[mm])}")


def print_real(by_fold: dict[str, list[SeenScan]]) -> dict[str, float]:
    """Ranks of known lesions, and what a threshold from the fold's other scans gives."""
    hits = total = 0
    others: list[int] = []
    for fold, scans in by_fold.items():
        real = [scan for scan in scans if scan.as_it_is]
        for lesion in (lesion for scan in real for lesion in lesions_of(scan)):
            text = f"rank {lesion.rank}, {lesion.off_mm:.1f} mm off" if lesion.rank else "MISSED"
            print(f"  {lesion.scan}: {lesion.diameter_mm:.0f} mm: {text}")
        if len(real) < 2:
            continue
        done = operate(real, others_a_scan=RATE, count_ignore_regions=False)
        names = [scan.name for scan in real]
        print(
            f"  {fold}: threshold from its other scans, {RATE:g} false positives a scan: "
            f"{done.found} of {done.of}, "
            f"false positives {dict(zip(names, done.others, strict=True))}"
        )
        hits, total, others = hits + done.found, total + done.of, others + list(done.others)
    return {
        "real_found": hits,
        "real_total": total,
        "other_marks_per_scan": round(float(np.mean(others)), 2),
    }


def print_folds(folder: Path) -> dict[str, float]:
    """Print figures, with one view and with two; returned are those of two, first stage alone."""
    result: dict[str, float] = {}
    for views in (1, 2):
        for with_second in (True, False):
            by_fold = {
                fold: read_predictions(folder / f"{fold}.csv", views=views, with_second=with_second)
                for fold in FOLDS
                if (folder / f"{fold}.csv").exists()
            }
            stages = "both stages" if with_second else "first stage alone"
            print(f"== {views} view{'s' * (views > 1)}, {stages}")
            result = {**print_real(by_fold), **print_inserted(by_fold)}
    return result


def main() -> None:
    """Print the figures of the present recipe's folds, or of those in a folder, and comparisons."""
    result = print_folds(Path(sys.argv[1]) if len(sys.argv) > 1 else PRESENT)
    print_comparisons(PREDICTIONS)
    print_recipes(PREDICTIONS / "recipes.csv")
    print_second_stages()
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
