"""Raw scores to probabilities and intervals, by a calibration that belongs to the weights.

Probability: of a nodule of at least ``MIN_DIAMETER_MM``. How the map is fitted, and to what:
``medical.training.calibration.fit``.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import expit, log_ndtr

from models.zoo.card import Calibration

MIN_DIAMETER_MM = 4.0  # no guideline asks to follow less, and LUNA16's reference hardly holds any
_LOG_ERROR = 0.15  # deviation of ln(first stage's diameter / true); measured 0.08 to 0.2

Floats = Float[np.ndarray, " n"]
Probabilities = tuple[Floats, Floats, Floats]
"""Probability of each candidate, and the lower and upper end of its 95 % interval."""


def large_enough(diameter_mm: Floats, *, least_mm: float) -> Floats:
    """Return ln of the chance that things measured ``diameter_mm`` are ``least_mm`` wide or more.

    Args:
        diameter_mm: as the first stage measures, > 0.
        least_mm: 0: any size will do.
    """
    if least_mm == 0:
        return np.zeros(len(diameter_mm))
    return np.asarray(log_ndtr(np.log(diameter_mm / least_mm) / _LOG_ERROR))


def probability(
    calibration: Calibration,
    detector_logit: Floats,
    refiner_logit: Floats,
    std: Floats,
    diameter_mm: Floats,
) -> Probabilities:
    """Return probability and the ends of its 95 % interval for each candidate.

    Args:
        calibration: of the weights.
        detector_logit: the first stage's.
        refiner_logit: the second stage's, mean over samples.
        std: standard deviation of the second stage's over samples.
        diameter_mm: the first stage's.
    """
    size = large_enough(diameter_mm, least_mm=calibration.least_mm)
    score = (
        calibration.intercept
        + calibration.detector_slope * (detector_logit + size)
        + calibration.refiner_slope * refiner_logit
    )
    half = calibration.logit_quantile * (calibration.refiner_slope * std + calibration.logit_floor)
    return expit(score), expit(score - half), expit(score + half)


def can_reach(
    calibration: Calibration,
    detector_logit: Floats,
    diameter_mm: Floats,
    *,
    refiner_bound: float,
    least: float,
) -> Bool[np.ndarray, " n"]:
    """Whether candidates can have a probability, whatever the second stage says of them.

    Args:
        calibration: of the weights.
        detector_logit: the first stage's.
        diameter_mm: the first stage's.
        refiner_bound: what the second stage's logit is held within, either way; infinite where it
            is free, and then any candidate can.
        least: the probability.
    """
    count = len(detector_logit)
    if np.isinf(refiner_bound):
        return np.ones(count, bool)
    ends = [np.full(count, end, np.float32) for end in (-refiner_bound, refiner_bound)]
    still = np.zeros(count, np.float32)
    chances = [probability(calibration, detector_logit, end, still, diameter_mm)[0] for end in ends]
    return np.asarray(np.maximum(*chances) >= least)


def diameter_interval(
    calibration: Calibration, measured_mm: float, std: float
) -> tuple[float, float, float]:
    """Return the corrected diameter and the ends of its 95 % interval, millimetres."""
    half = calibration.log_diameter_quantile * (std + calibration.log_diameter_floor)
    return _around(measured_mm, calibration.log_diameter_bias, half)


def volume_interval(
    calibration: Calibration, measured_mm3: float, std: float
) -> tuple[float, float, float]:
    """Return the corrected volume and the ends of its 95 % interval, cubic millimetres."""
    half = calibration.log_volume_quantile * (std + calibration.log_volume_floor)
    return _around(measured_mm3, calibration.log_volume_bias, half)


def _around(measured: float, log_bias: float, log_half: float) -> tuple[float, float, float]:
    middle, factor = measured * float(np.exp(-log_bias)), float(np.exp(log_half))
    return middle, middle / factor, middle * factor
