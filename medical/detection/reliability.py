"""How often a given probability is right, by calibrations that have not seen the scan.

Each scan's candidates get their probability from a calibration on the other scans, so the figure is
not flattered by the fit; it still mixes the scans' own marks with inserted nodules.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from medical.detection.calibration import probability, rows_of
from medical.detection.held_out import HeldOut
from medical.detection.left_out import calibrations_without
from models.zoo.card import ReliabilityRow

BINS = 10
_DRAWS = 1000

Floats = Float[np.ndarray, " n"]


def left_out_reliability(held_out: HeldOut, *, bins: int = BINS) -> tuple[ReliabilityRow, ...]:
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


def _left_out(held_out: HeldOut) -> tuple[Floats, Bool[np.ndarray, " n"], Floats]:
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
    rng = np.random.default_rng(0)
    draws = rng.integers(len(given), size=(_DRAWS, len(given)))
    shares = (nodule[draws] * weight[draws]).sum(1) / weight[draws].sum(1)
    low, high = np.quantile(shares, (0.025, 0.975))
    return ReliabilityRow(
        mean_probability=round(float(np.average(given, weights=weight)), 4),
        share_nodules=round(float(np.average(nodule, weights=weight)), 4),
        share_ci95=(round(float(low), 4), round(float(high), 4)),
        candidates=len(given),
    )
