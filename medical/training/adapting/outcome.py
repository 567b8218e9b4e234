"""What a model does on the CTs kept aside: findings a CT, and which inserted nodules it finds.

Every candidate on a CT as it is counts, as nobody read these CTs: some may be real nodules.
Sensitivity is that on INSERTED nodules. Intervals redraw the CTs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from medical.detection.calibration import MIN_DIAMETER_MM, probability
from medical.detection.finalize import MIN_PROBABILITY
from medical.evaluation.froc import Scores
from medical.evaluation.intervals import Interval, draw_scans, percentile_interval
from medical.plain_text import counted
from medical.training.adapting.pseudo_labels import PseudoLabels, at_pseudo_labels
from medical.training.adapting.soft_labels import with_soft_labels
from medical.training.calibration.raw_scores import CalibrationData
from medical.training.calibration.recalibrate import Recalibrated, fitted
from medical.training.calibration.score_cache import joined
from models.zoo.card import Calibration, ModelCard

_MIN_P = 1e-6  # a probability of 0 would make one candidate's loss infinite


@dataclass(frozen=True, slots=True, eq=False)
class CtOutcome:
    """One CT at one threshold.

    Args:
        candidates: probability of every candidate of the CT as it is; none at a nodule that is
            known.
        pseudo_labelled: which of them lie at what the old model would report.
        centers_voxel: ``[k, 3]`` where they lie.
        found_at: probability on each inserted nodule of at least ``MIN_DIAMETER_MM``, 0 without a
            candidate.
        threshold: candidates at or above it are findings.
        loss: weighted logarithmic loss of all candidates that are no pseudo-labels, a candidate.
    """

    candidates: Float[np.ndarray, " k"]
    pseudo_labelled: Bool[np.ndarray, " k"]
    centers_voxel: Float[np.ndarray, "k 3"]
    found_at: Float[np.ndarray, " m"]
    threshold: float
    loss: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What is said of a model before or after, each with its 95 % interval over CTs.

    Args:
        findings_per_ct: findings a CT as it is.
        pseudo_labels_per_ct: those among them that the old model would report too.
        sensitivity: share of inserted nodules found at the threshold; ``nan`` without any.
        cts: behind it.
        nodules: inserted, of at least ``MIN_DIAMETER_MM``.
        loss: weighted logarithmic loss, lower is better.
    """

    findings_per_ct: float
    findings_ci95: Interval
    pseudo_labels_per_ct: float
    sensitivity: float
    sensitivity_ci95: Interval
    cts: int
    nodules: int
    loss: float

    def sentence(self) -> str:
        """One line for people."""
        low, high = self.findings_ci95
        s_low, s_high = self.sensitivity_ci95
        return (
            f"{self.findings_per_ct:.2f} findings a CT [{low:.2f}, {high:.2f}], "
            f"{self.pseudo_labels_per_ct:.2f} of them where the old model sees a nodule; "
            f"{self.sensitivity:.0%} [{s_low:.0%}, {s_high:.0%}] of "
            f"{counted(self.nodules, 'INSERTED nodule')} of at least {MIN_DIAMETER_MM:g} mm, in "
            f"{counted(self.cts, 'CT')}"
        )


def read_with(
    part: CalibrationData, labels: PseudoLabels, calibration: Calibration, *, threshold: float
) -> CtOutcome:
    """One CT's outcome by a calibration and a threshold."""
    scores, rows = part.scores, part.inserted_row
    p, _, _ = probability(
        calibration,
        scores.detector_logit,
        scores.refiner_logit,
        scores.refiner_std,
        scores.diameter_mm,
    )
    found_at = np.where(rows >= 0, p[np.maximum(rows, 0)] if len(p) else 0.0, 0.0)
    found_at[found_at < MIN_PROBABILITY] = 0.0
    as_is = ~scores.is_nodule
    as_is[rows[rows >= 0]] = False
    hit, _ = at_pseudo_labels(part.center_voxel, labels)
    hit &= as_is
    written = as_is & (p >= MIN_PROBABILITY)
    return CtOutcome(
        p[written],
        hit[written],
        part.center_voxel[written],
        found_at[part.inserted_mm >= MIN_DIAMETER_MM],
        threshold,
        _loss(p[~hit], scores.is_nodule[~hit], scores.weight[~hit]),
    )


def _loss(
    p: Float[np.ndarray, " n"], nodule: Bool[np.ndarray, " n"], weight: Float[np.ndarray, " n"]
) -> float:
    if not weight.sum():
        return 0.0
    sure = np.clip(np.where(nodule, p, 1 - p), _MIN_P, 1.0)
    return float(-np.average(np.log(sure), weights=weight))


def as_it_is(
    parts: Sequence[CalibrationData], labels: Sequence[PseudoLabels], card: ModelCard
) -> list[CtOutcome]:
    """Outcomes by a card's own calibration and operating point."""
    return [
        read_with(part, own_labels, card.calibration, threshold=card.operating_point)
        for part, own_labels in zip(parts, labels, strict=True)
    ]


def left_out(
    parts: Sequence[CalibrationData], labels: Sequence[PseudoLabels], *, otherwise: float
) -> list[CtOutcome]:
    """Each CT's outcome by a calibration and an operating point from the other CTs alone.

    Args:
        parts: of the CTs, at least two.
        labels: of each.
        otherwise: threshold where the other CTs guarantee none.

    Raises:
        TooFewError: the other CTs of one hold too few nodules.
    """
    outcomes = []
    for number, (part, own_labels) in enumerate(zip(parts, labels, strict=True)):
        others = [n for n in range(len(parts)) if n != number]
        own = calibrated([parts[n] for n in others], [labels[n] for n in others])
        threshold = own.operating.threshold or otherwise
        outcomes.append(read_with(part, own_labels, own.calibration, threshold=threshold))
    return outcomes


def calibrated(
    parts: Sequence[CalibrationData], labels: Sequence[PseudoLabels], *, description: str = ""
) -> Recalibrated:
    """Calibration and operating point of all these CTs; pseudo-labels count in part.

    Raises:
        TooFewError: they hold too few nodules.
    """
    halved = [
        with_soft_labels(part, own_labels) for part, own_labels in zip(parts, labels, strict=True)
    ]
    return fitted(joined(halved), scans=len(parts), description=description)


def figures_of(outcomes: Sequence[CtOutcome]) -> Figures:
    """Figures with intervals.

    Raises:
        ValueError: there is no CT.
    """
    if not outcomes:
        raise ValueError("no CT to measure on")
    candidates = np.array(
        [(outcome.candidates >= outcome.threshold).sum() for outcome in outcomes], float
    )
    labels = [
        (outcome.candidates[outcome.pseudo_labelled] >= outcome.threshold).sum()
        for outcome in outcomes
    ]
    found_at = np.array(
        [(outcome.found_at >= outcome.threshold).sum() for outcome in outcomes], float
    )
    nodules = np.array([len(outcome.found_at) for outcome in outcomes], float)
    drawn = draw_scans(len(outcomes))
    return Figures(
        findings_per_ct=round(float(candidates.mean()), 4),
        findings_ci95=_ends(candidates[drawn].mean(1)),
        pseudo_labels_per_ct=round(float(np.mean(labels)), 4),
        sensitivity=round(float(_ratio(found_at.sum(), nodules.sum())), 4),
        sensitivity_ci95=_ends(_ratio(found_at[drawn].sum(1), nodules[drawn].sum(1))),
        cts=len(outcomes),
        nodules=int(nodules.sum()),
        loss=round(float(np.mean([outcome.loss for outcome in outcomes])), 5),
    )


def scores_of(outcomes: Sequence[CtOutcome]) -> Scores:
    """For the FROC curve; every candidate of a CT as it is counts as false."""
    score = np.concatenate(
        [part for outcome in outcomes for part in (outcome.found_at, outcome.candidates)]
    )
    nodule = np.concatenate(
        [
            np.full(len(p), k)
            for outcome in outcomes
            for p, k in ((outcome.found_at, True), (outcome.candidates, False))
        ]
    ).astype(bool)
    scan = np.concatenate(
        [
            np.full(len(outcome.found_at) + len(outcome.candidates), n)
            for n, outcome in enumerate(outcomes)
        ]
    ).astype(np.int64)
    order = np.argsort(-score, kind="stable")
    order = order[score[order] > 0]  # a nodule without a candidate is found at no threshold
    counts = np.array([len(outcome.found_at) for outcome in outcomes], np.int64)
    return Scores(score[order], nodule[order], scan[order], counts)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    share = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share


def _ends(values: np.ndarray) -> Interval:
    low, high = percentile_interval(values)
    return round(low, 4), round(high, 4)
