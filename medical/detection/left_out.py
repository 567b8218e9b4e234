"""Coverage measured honestly: each scan's intervals come from a calibration on the other scans."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from medical.detection.calibration import fit_calibration, held_by_size_intervals, rows_of
from medical.detection.held_out import HeldOut
from models.zoo.card import Calibration


def calibrations_without(held_out: HeldOut) -> Iterator[tuple[int, Calibration]]:
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


def size_coverage(held_out: HeldOut) -> dict[str, float]:
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
