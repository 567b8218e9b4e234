"""Beyond the curve: sensitivity by size, and what happens at the operating point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from medical.evaluation.intervals import share_interval
from medical.evaluation.matching import ScanMatch
from medical.evaluation.result import OperatingPoint, SizeBin

# Where Lung-RADS v2022 changes its advice for solid nodules at baseline: 6, 8 and 15 mm.
SIZE_LIMITS_MM: tuple[float, ...] = (0.0, 6.0, 8.0, 15.0, math.inf)


def size_bins(scans: Sequence[ScanMatch], *, threshold: float | None = None) -> list[SizeBin]:
    """Nodules and found nodules by diameter; a limit belongs to the bin above it."""
    outcomes = [
        (nodule.diameter_mm, score)
        for scan in scans
        for nodule, score in zip(scan.nodules, scan.found_at, strict=True)
    ]
    table = []
    for low, high in pairwise(SIZE_LIMITS_MM):
        scores = [score for diameter, score in outcomes if low <= diameter < high]
        found = [score for score in scores if score is not None]
        table.append(
            SizeBin(
                diameter_from_mm=low,
                diameter_to_mm=None if math.isinf(high) else high,
                nodules=len(scores),
                found=len(found),
                sensitivity=len(found) / len(scores) if scores else None,
                found_at_operating_point=None
                if threshold is None
                else sum(score >= threshold for score in found),
            )
        )
    return table


def at_operating_point(scans: Sequence[ScanMatch], *, threshold: float) -> OperatingPoint:
    """Sensitivity, false positives per scan, and nodule-free scans that stay without any mark."""
    scores = [score for scan in scans for score in scan.found_at]
    found = sum(score is not None and score >= threshold for score in scores)
    false = sum(score >= threshold for scan in scans for score in scan.false_positives)
    free = [scan for scan in scans if not scan.nodules]
    unmarked = sum(scan.strongest is None or scan.strongest < threshold for scan in free)
    return OperatingPoint(
        threshold=threshold,
        sensitivity=found / len(scores) if scores else None,
        false_positives_per_scan=false / len(scans),
        nodule_free_scans=len(free),
        unmarked_nodule_free_scans=unmarked,
        unmarked_share=unmarked / len(free) if free else None,
        unmarked_share_ci95=share_interval(unmarked, len(free)) if free else None,
    )
