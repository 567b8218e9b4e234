"""How honest a calibration is: measured by calibrations that have not seen the scan.

Each scan's intervals and probabilities come from a calibration on the other scans, so no figure is
flattered by the fit; the frequencies still mix the scans' own candidates with inserted nodules.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float

from medical.detection.calibration import probability
from medical.evaluation.intervals import draw_scans, percentile_interval
from medical.training.calibration.fit import fit_calibration, held_by_size_intervals, rows_of
from medical.training.calibration.raw_scores import CalibrationData
from models.zoo.card import Calibration, ReliabilityRow

BINS = 10

Floats = Float[np.ndarray, " n"]


def calibrations_without(held_out: CalibrationData) -> Iterator[tuple[int, Calibration]]:
    """Each scan and the calibration fitted on the others.

    Raises:
        ValueError: the other scans hold too few sizes for a 95 % quantile.
    """
    for scan in np.unique(held_out.scan):
        yield (
            int(scan),
            fit_calibration(
                rows_of(held_out.scores, held_out.scan != scan),
                rows_of(held_out.sizes, held_out.size_scan != scan),
                description="",
                coverage={},
            ),
        )


def size_coverage(held_out: CalibrationData) -> dict[str, float]:
    """Share of diameters and volumes held by intervals that were calibrated on the other scans.

    Raises:
        ValueError: as ``calibrations_without``.
    """
    held = {"diameter": 0.0, "volume": 0.0}
    for scan, calibration in calibrations_without(held_out):
        mine = held_out.size_scan == scan
        if not mine.any():
            continue
        shares = held_by_size_intervals(calibration, rows_of(held_out.sizes, mine))
        for name, share in shares.items():
            held[name] += share * float(mine.mean())
    return {name: round(share, 4) for name, share in held.items()}


def left_out_reliability(
    held_out: CalibrationData, *, bins: int = BINS
) -> tuple[ReliabilityRow, ...]:
    """Rows of equal width in probability; empty ones are left out.

    Args:
        held_out: candidates of at least two scans.
        bins: of the range 0 to 1.

    Raises:
        ValueError: the other scans of one hold too few sizes to calibrate on.
    """
    given, nodule, weight = _left_out(held_out)
    place = np.minimum((given * bins).astype(np.int64), bins - 1)
    return tuple(
        _row(given[place == k], nodule[place == k], weight[place == k])
        for k in range(bins)
        if (place == k).any()
    )


def _left_out(held_out: CalibrationData) -> tuple[Floats, Bool[np.ndarray, " n"], Floats]:
    parts = []
    for scan, calibration in calibrations_without(held_out):
        mine = rows_of(held_out.scores, (held_out.scan == scan) & (held_out.scores.weight > 0))
        said, _, _ = probability(
            calibration,
            mine.detector_logit,
            mine.refiner_logit,
            mine.refiner_spread,
            mine.diameter_mm,
        )
        parts.append((said, mine.is_nodule, mine.weight))
    given, nodule, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    return given, nodule, weight


def _row(given: Floats, nodule: Bool[np.ndarray, " n"], weight: Floats) -> ReliabilityRow:
    draws = draw_scans(len(given))  # candidates here: their scans are mixed
    low, high = percentile_interval((nodule[draws] * weight[draws]).sum(1) / weight[draws].sum(1))
    return ReliabilityRow(
        mean_probability=round(float(np.average(given, weights=weight)), 4),
        share_nodules=round(float(np.average(nodule, weights=weight)), 4),
        share_ci95=(round(low, 4), round(high, 4)),
        candidates=len(given),
    )
