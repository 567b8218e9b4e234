"""The operating point and operating curve of weights, from what was held out from them.

A threshold belongs to the weights and the calibration that it was chosen with: a parent's says
nothing about its child. What is guaranteed and measured here is so on inserted nodules; false
positives are counted on the held-out scans as they are.

Of ``n`` held-out nodules, a threshold that misses ``k`` of them misses more than a share ``a`` of
all such nodules with probability at most ``P(Binomial(n, a) <= k)``, whatever the distribution of
scores. The guarantee is about nodules exchangeable with the held-out ones: on other nodules or
another scanner it need not hold.

Source:
    Bates et al., Distribution-free, risk-controlling prediction sets, J ACM 2021;68:43, with the
    exact binomial bound; Angelopoulos et al., Conformal risk control, ICLR 2024, for the mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import binom

from medical.detection.calibration import MIN_DIAMETER_MM, probability
from medical.detection.finalize import MIN_PROBABILITY
from medical.plain_text import counted
from medical.training.calibration.raw_scores import CalibrationData
from models.zoo.card import Calibration, OperatingChoice

GUARANTEED_SENSITIVITIES = tuple(
    percent / 100 for percent in range(90, 69, -1)
)  # sensitivities, the best first
MAX_FALSE_POSITIVES = (
    1.0  # candidates a held-out scan that a guarantee may cost; the last may cost more
)
CONFIDENCE = 0.95
THRESHOLDS = (0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operating:
    """Where to cut, and what each cut would give.

    Args:
        threshold: candidates at or above it are findings; ``None`` where no threshold keeps the
            guarantee.
        curve: of the held-out scans, at ``THRESHOLDS``.
        guarantee: for the card: what holds at the threshold, or why nothing is guaranteed.
        nodules: inserted nodules behind the curve.
        scans: held-out scans behind it.
    """

    threshold: float | None
    curve: tuple[OperatingChoice, ...]
    guarantee: dict[str, object]
    nodules: int
    scans: int


def choose_operating(
    measured: CalibrationData, calibration: Calibration, *, scans: int
) -> Operating:
    """Choose the threshold of the best guarantee that is cheap enough, and measure the curve.

    Each guarantee of ``GUARANTEED_SENSITIVITIES`` has a highest threshold that keeps it with
    ``CONFIDENCE``. Taken is the first that costs at most ``MAX_FALSE_POSITIVES`` false positives a
    scan; the last at any cost.

    Args:
        measured: of scans and nodules that the weights have not seen.
        calibration: fitted for these weights.
        scans: how many were held out, at least 1.
    """
    hits, false = scores_at(measured, calibration)
    curve = tuple(_choice(threshold, hits, false, scans=scans) for threshold in THRESHOLDS)
    large = hits[measured.inserted_mm >= MIN_DIAMETER_MM]
    meant = (
        f"inserted nodules of at least {MIN_DIAMETER_MM:g} mm in {counted(scans, 'held-out scan')}"
    )
    try:
        guaranteed, threshold = _best_guarantee(large, false, scans=scans)
    except ValueError as error:
        return Operating(
            threshold=None,
            curve=curve,
            guarantee={"none": str(error), "for": meant},
            nodules=len(hits),
            scans=scans,
        )
    at_it = _choice(threshold, hits, false, scans=scans)
    return Operating(
        threshold=threshold,
        curve=curve,
        nodules=len(hits),
        scans=scans,
        guarantee={
            "sensitivity": guaranteed,
            "confidence": CONFIDENCE,
            "for": meant,
            "nodules": len(large),
            "measured_sensitivity_of_all_sizes": at_it.sensitivity,
            "measured_false_positives_per_scan": at_it.false_positives_per_scan,
            "caution": "inserted nodules, and the calibration was fitted on the same scans; on "
            "other nodules or another scanner the guarantee need not hold",
        },
    )


def _best_guarantee(
    hits: Float[np.ndarray, " m"], false: Float[np.ndarray, " k"], *, scans: int
) -> tuple[float, float]:
    """Return the sensitivity guaranteed and its threshold; ``ValueError`` if none holds."""
    for guaranteed in GUARANTEED_SENSITIVITIES:
        try:
            exact = controlled_threshold(hits, sensitivity=guaranteed, confidence=CONFIDENCE)
        except ValueError:
            if guaranteed == GUARANTEED_SENSITIVITIES[-1]:
                raise
            continue
        # down to the last decimal shown, so that the nodule at the threshold stays found
        threshold = max(MIN_PROBABILITY, float(np.floor(exact * 1000) / 1000))
        threshold = min(threshold, 0.999)
        if (
            false >= threshold
        ).sum() <= MAX_FALSE_POSITIVES * scans or guaranteed == GUARANTEED_SENSITIVITIES[-1]:
            break
    return guaranteed, threshold


def scores_at(
    measured: CalibrationData, calibration: Calibration
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " k"]]:
    """Probability on each inserted nodule, 0 without a candidate, and of each false positive.

    What lies on an ignore region is no false positive: nobody judged it.
    """
    scores, rows = measured.scores, measured.inserted_row
    p, _, _ = probability(
        calibration,
        scores.detector_logit,
        scores.refiner_logit,
        scores.refiner_std,
        scores.diameter_mm,
    )
    hit = rows >= 0
    hits = np.zeros(len(rows))
    hits[hit] = p[rows[hit]]
    hits[hits < MIN_PROBABILITY] = 0.0  # such candidates are not written: nothing is found by them
    as_is: Bool[np.ndarray, " n"] = np.ones(len(p), bool)
    as_is[rows[hit]] = False
    return hits, p[as_is & ~scores.is_nodule & (scores.weight > 0)]


def _choice(
    threshold: float,
    hits: Float[np.ndarray, " m"],
    false: Float[np.ndarray, " k"],
    *,
    scans: int,
) -> OperatingChoice:
    return OperatingChoice(
        threshold=threshold,
        sensitivity=round(float((hits >= threshold).mean()), 4),
        false_positives_per_scan=round(float((false >= threshold).sum()) / scans, 4),
    )


def controlled_threshold(
    nodule_scores: Float[np.ndarray, " n"], *, sensitivity: float, confidence: float
) -> float:
    """Return the highest threshold that keeps ``sensitivity`` with ``confidence``.

    Args:
        nodule_scores: probability of the best candidate on each held-out nodule, 0 where none hit.
        sensitivity: guaranteed, above 0 and below 1.
        confidence: that the guarantee holds over draws of held-out nodules, above 0 and below 1.

    Returns:
        A threshold; candidates at or above it count.

    Raises:
        ValueError: no threshold keeps the guarantee: too few nodules, or too many missed ones.
    """
    for name, share in (("sensitivity", sensitivity), ("confidence", confidence)):
        if not 0 < share < 1:
            raise ValueError(f"{name} must lie above 0 and below 1, got {share}")
    count = len(nodule_scores)
    missed = np.arange(count)
    allowed = int((binom.cdf(missed, count, 1 - sensitivity) <= 1 - confidence).sum())
    if allowed == 0:
        raise ValueError(
            f"{counted(count, 'nodule is', 'nodules are')} too few to guarantee a sensitivity of "
            f"{sensitivity:.0%} "
            f"with a confidence of {confidence:.0%}"
        )
    threshold = float(np.sort(nodule_scores)[allowed - 1])
    if threshold <= 0:
        raise ValueError(
            f"{int((nodule_scores <= 0).sum())} of {counted(count, 'nodule')} without a candidate: "
            f"no threshold finds {sensitivity:.0%} with a confidence of {confidence:.0%}"
        )
    return threshold
