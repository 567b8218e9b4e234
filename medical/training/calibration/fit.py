"""How the map from raw scores to probabilities and intervals is fitted.

Probability: of a nodule of at least ``MIN_DIAMETER_MM``; logistic regression on both stages' logits
and on the chance that what the first stage measured is so large, weighted to the prevalence of
LUNA16 (1.3 nodules a scan). Most false positives are vessels smaller than what anybody looks for.
Intervals: split-conformal quantiles of normalised errors on held-out cases (Lei et al., JASA
2018;113:1094), the Monte-Carlo standard deviation being the normaliser only.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import minimize
from scipy.special import logit

from medical.detection.calibration import MIN_DIAMETER_MM, large_enough
from medical.plain_text import counted
from models.zoo.card import Calibration

COVERAGE = 0.95
NODULES_PER_SCAN = 1.3  # LUNA16: 1,186 nodules in 888 scans
_LOGIT_FLOOR = 0.25
_LOG_DIAMETER_FLOOR = 0.05
_LOG_VOLUME_FLOOR = 0.10
_GROUP = 20  # candidates of similar score whose frequency a probability interval must hold

Floats = Float[np.ndarray, " n"]


@dataclass(frozen=True, slots=True, eq=False)
class CandidateScores:
    """Raw scores of candidates and what they turned out to be."""

    detector_logit: Floats
    refiner_logit: Floats  # mean over samples
    refiner_std: Floats  # standard deviation over samples
    is_nodule: Bool[np.ndarray, " n"]
    weight: Floats  # 0: a nodule smaller than ``MIN_DIAMETER_MM``, which counts for neither
    diameter_mm: Floats  # the first stage's


@dataclass(frozen=True, slots=True, eq=False)
class SizeErrors:
    """ln(predicted / true) of found nodules, and the Monte-Carlo deviation of ln(diameter)."""

    log_diameter_error: Floats
    log_volume_error: Floats
    std: Floats


Rows = TypeVar("Rows", CandidateScores, SizeErrors)


def rows_of(table: Rows, keep: Bool[np.ndarray, " n"]) -> Rows:
    """Return the rows of a table that ``keep`` marks."""
    return type(table)(*(getattr(table, field.name)[keep] for field in fields(table)))


def conformal_quantile(scores: Floats, *, coverage: float = COVERAGE) -> float:
    """Return the finite-sample conformal quantile: the ceil((n + 1) * coverage)-th smallest score.

    Raises:
        ValueError: too few scores for the coverage.
    """
    rank = int(np.ceil((len(scores) + 1) * coverage))
    if rank > len(scores):
        raise ValueError(
            f"{counted(len(scores), 'case is', 'cases are')} too few for {coverage:.0%} coverage"
        )
    return float(np.sort(scores)[rank - 1])


def fit_calibration(
    scores: CandidateScores, sizes: SizeErrors, *, description: str, coverage: dict[str, float]
) -> Calibration:
    """Fit on cases that the weights have not seen.

    Args:
        scores: candidates of all kinds.
        sizes: found nodules.
        description: what the cases are, for the card.
        coverage: measured elsewhere, on cases apart from these.
    """
    scores = rows_of(scores, scores.weight > 0)
    intercept, slope = _logistic(scores)
    raw = intercept + slope * _evidence(scores)
    unit = slope * scores.refiner_std + _LOGIT_FLOOR
    bias_diameter = float(np.median(sizes.log_diameter_error))
    bias_volume = float(np.median(sizes.log_volume_error))
    return Calibration(
        intercept=intercept,
        detector_slope=slope,
        refiner_slope=slope,
        least_mm=MIN_DIAMETER_MM,
        logit_quantile=_group_quantile(raw, unit, scores),
        logit_floor=_LOGIT_FLOOR,
        log_diameter_bias=bias_diameter,
        log_diameter_quantile=conformal_quantile(
            np.abs(sizes.log_diameter_error - bias_diameter) / (sizes.std + _LOG_DIAMETER_FLOOR)
        ),
        log_diameter_floor=_LOG_DIAMETER_FLOOR,
        log_volume_bias=bias_volume,
        log_volume_quantile=conformal_quantile(
            np.abs(sizes.log_volume_error - bias_volume) / (sizes.std + _LOG_VOLUME_FLOOR)
        ),
        log_volume_floor=_LOG_VOLUME_FLOOR,
        set_description=description,
        nodules=int(scores.is_nodule.sum()),
        candidates=len(scores.weight),
        measured_coverage=coverage,
    )


def held_by_size_intervals(calibration: Calibration, sizes: SizeErrors) -> dict[str, float]:
    """Share of sizes inside their intervals, for cases that were not calibrated on."""
    diameter = np.abs(sizes.log_diameter_error - calibration.log_diameter_bias)
    volume = np.abs(sizes.log_volume_error - calibration.log_volume_bias)
    diameter_half = calibration.log_diameter_quantile * (sizes.std + calibration.log_diameter_floor)
    volume_half = calibration.log_volume_quantile * (sizes.std + calibration.log_volume_floor)
    return {
        "diameter": float((diameter <= diameter_half).mean()),
        "volume": float((volume <= volume_half).mean()),
    }


def _evidence(scores: CandidateScores) -> Floats:
    size = large_enough(scores.diameter_mm, least_mm=MIN_DIAMETER_MM)
    evidence: Floats = scores.detector_logit + size + scores.refiner_logit
    return evidence


def _logistic(scores: CandidateScores) -> tuple[float, float]:
    """Intercept and slope on the sum of both stages' logits and of what the size says.

    A slope for each stage, fitted on the few scans that are held out, leans on the first stage and
    ranks other insertions into the same scans worse (docs/lessons.md).
    """
    x = _evidence(scores)
    sign = np.where(scores.is_nodule, 1.0, -1.0)

    def loss(beta: Floats) -> float:
        margin = sign * (beta[0] + beta[1] * x)
        fit = (scores.weight * np.logaddexp(0.0, -margin)).sum()
        return float(fit + 1e-3 * beta[1] ** 2)

    best = minimize(loss, np.array([-2.0, 0.5]), bounds=[(None, None), (0, None)])
    return float(best.x[0]), float(best.x[1])


def _group_quantile(raw: Floats, unit: Floats, scores: CandidateScores) -> float:
    """Widen until 95 % of groups of similar score have their frequency inside the interval."""
    order = np.argsort(raw)
    groups = [order[i : i + _GROUP] for i in range(0, len(order) - _GROUP + 1, _GROUP)]
    needed = []
    for group in groups:
        weight = scores.weight[group]
        frequency = float(np.average(scores.is_nodule[group], weights=weight))
        # no group of twenty can show a frequency nearer to 0 or 1 than this
        bound = 0.5 / _GROUP
        target = float(logit(np.clip(frequency, bound, 1 - bound)))
        score = float(np.average(raw[group], weights=weight))
        beyond = (frequency <= bound and score < target) or (
            frequency >= 1 - bound and score > target
        )
        needed.append(0.0 if beyond else abs(score - target) / float(np.mean(unit[group])))
    if len(needed) < 3:
        return 2.0
    return max(0.5, float(np.quantile(needed, COVERAGE, method="higher")))
