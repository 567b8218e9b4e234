"""Calibrate retrained weights on the cases held out from them, where there are enough.

False marks come from the held-out scans as they are, true ones from nodules inserted into them
that were kept out of training too: a figure made here is a figure on inserted nodules.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from medical.counts import counted
from medical.synthesis.case import TrainingCase
from medical.synthesis.nodules.pool import NodulePool
from medical.training.calibration.fit import fit_calibration
from medical.training.calibration.operating_point import Operating, choose_operating
from medical.training.calibration.raw_scores import CalibrationData, collect_raw_scores
from medical.training.calibration.reliability import size_coverage
from models.training.two_stage import TwoStage
from models.zoo.card import Calibration

_log = logging.getLogger(__name__)

LEAST_SCANS = 3
LEAST_SIZES = 60  # a 95 % quantile of fewer is one of the three largest errors
PATCHES = 40


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
    patches: int = PATCHES,
) -> Recalibrated:
    """Fit the calibration anew and choose the operating point by it.

    Args:
        networks: float32, evaluation mode.
        held_out: scans that the weights have not seen, at least ``LEAST_SCANS``.
        pool: nodules that they have not seen.
        patches: with inserted nodules, a scan.

    Raises:
        TooFewError: too few inserted nodules were found in them.
    """
    measured = collect_raw_scores(networks, held_out, pool, patches=patches)
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
        _log.info(f"the operating point is copied: {recalibrated.operating.promise['none']}")
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
    found = len(measured.sizes.spread)
    if found < LEAST_SIZES or not (~measured.scores.is_nodule).any():
        raise TooFewError(f"{found} inserted nodules were found, {LEAST_SIZES} are needed")
    calibration = fit_calibration(
        measured.scores, measured.sizes, description=description, coverage=_coverage(measured)
    )
    return Recalibrated(calibration, choose_operating(measured, calibration, scans=scans))


def _coverage(measured: CalibrationData) -> dict[str, float]:
    try:
        return size_coverage(measured)
    except ValueError:  # the other scans alone are too few: no coverage can be claimed
        return {}
