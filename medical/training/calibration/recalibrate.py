"""Calibrate retrained weights on the cases held out from them, and measure how honest that is.

False candidates come from the held-out scans as they are, true ones from nodules inserted into them
that were kept out of training too: a figure made here is a figure on inserted nodules. For coverage
and reliability each scan's intervals and probabilities come from a calibration on the other scans,
so no figure is flattered by the fit; the frequencies still mix the scans' own candidates with
inserted nodules.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from medical.detection.calibration import probability
from medical.evaluation.intervals import draw_scans, percentile_interval
from medical.plain_text import counted
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from medical.training.calibration.fit import fit_calibration, held_by_size_intervals, rows_of
from medical.training.calibration.operating_point import Operating, choose_operating
from medical.training.calibration.raw_scores import CalibrationData, collect_raw_scores
from medical.training.calibration.score_cache import joined, seed_of, without_ignored
from models.training.two_stage import TwoStage
from models.zoo.card import Calibration, ReliabilityRow

BINS = 10

Floats = Float[np.ndarray, " n"]
_log = logging.getLogger(__name__)
MIN_SCANS = 3
MIN_SIZES = 60  # a 95 % quantile of fewer is one of the three largest errors
PATCHES = 40


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
        of_scan = held_out.size_scan == scan
        if not of_scan.any():
            continue
        shares = held_by_size_intervals(calibration, rows_of(held_out.sizes, of_scan))
        for name, share in shares.items():
            held[name] += share * float(of_scan.mean())
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
        of_scan = rows_of(held_out.scores, (held_out.scan == scan) & (held_out.scores.weight > 0))
        predicted, _, _ = probability(
            calibration,
            of_scan.detector_logit,
            of_scan.refiner_logit,
            of_scan.refiner_std,
            of_scan.diameter_mm,
        )
        parts.append((predicted, of_scan.is_nodule, of_scan.weight))
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


class TooFewError(ValueError):
    """Too little was held out to calibrate on; the message says what."""


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """What belongs to these weights alone: how scores are read, and where they are cut."""

    calibration: Calibration
    operating: Operating


def recalibrate(
    networks: TwoStage,
    held_out: list[TrainingCase],
    pool: NodulePool,
    *,
    bound: float,
    patches: int = PATCHES,
) -> Recalibrated:
    """Fit the calibration anew and choose the operating point by it.

    Args:
        networks: float32, evaluation mode.
        held_out: scans that the weights have not seen, at least ``MIN_SCANS``.
        pool: nodules that they have not seen.
        bound: the second stage's, see ``ModelCard.refinement_bound``.
        patches: with inserted nodules, a scan.

    Raises:
        TooFewError: too few inserted nodules were found in them.
    """
    parts = [
        collect_raw_scores(networks, [case], pool, patches=patches, bound=bound, seed=seed_of(case))
        for case in held_out
    ]
    measured = joined(
        [without_ignored(part, case) for part, case in zip(parts, held_out, strict=True)]
    )
    recalibrated = fitted(
        measured,
        scans=len(held_out),
        description=f"{counted(len(held_out), 'held-out scan')} of this retraining, the same "
        "that its figures "
        f"come from, with {counted(len(measured.inserted_mm), 'held-out nodule')} inserted; "
        "coverage "
        "measured leave-one-scan-out on inserted nodules",
    )
    if recalibrated.operating.threshold is None:
        _log.info(f"the operating point is copied: {recalibrated.operating.guarantee['none']}")
    return recalibrated


def fitted(measured: CalibrationData, *, scans: int, description: str) -> Recalibrated:
    """Fit the calibration to what was collected and choose the operating point by it.

    Args:
        measured: of scans and nodules that the weights have not seen.
        scans: how many scans.
        description: what they are, for the card.

    Raises:
        TooFewError: too few inserted nodules were found in them.
    """
    sizes = len(measured.sizes.std)
    if sizes < MIN_SIZES or not (~measured.scores.is_nodule).any():
        raise TooFewError(f"{sizes} inserted nodules were found, {MIN_SIZES} are needed")
    calibration = fit_calibration(
        measured.scores, measured.sizes, description=description, coverage=_coverage(measured)
    )
    return Recalibrated(calibration, choose_operating(measured, calibration, scans=scans))


def _coverage(measured: CalibrationData) -> dict[str, float]:
    try:
        return size_coverage(measured)
    except ValueError:  # the other scans alone are too few: no coverage can be claimed
        return {}
