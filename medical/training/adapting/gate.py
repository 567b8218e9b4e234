"""The gate of an adaptation: are the new weights, or the new calibration, not worse than the old?

Weights: by the gate of ``starlung retrain`` on the CPM of inserted nodules, where every candidate
on a CT as it is counts as false for both alike; and, as inserted nodules alone would not show it, a
share of the old model's high-probability candidates must stay findings. A calibration: by the
logarithmic loss on CTs that it was not fitted to.

Source:
    The logarithmic loss is a proper score: Gneiting and Raftery, JASA 2007;102:359.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from medical.evaluation.intervals import Interval, draw_scans, percentile_interval
from medical.plain_text import counted
from medical.training.adapting.outcome import CtOutcome, scores_of
from medical.training.adapting.pseudo_labels import PseudoLabels
from medical.training.gate import decide_by_scores

HIGH_PROBABILITY = 0.8  # probability by the old model
KEPT_SHARE = 0.9
MARGIN_LOSS = 0.05  # of the old loss
_MIN_MM = 4.0


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether what is new may be used, and why.

    Args:
        replaces: it is not worse, and may take the old one's place.
        why: one sentence.
        cpm_new, cpm_old: on inserted nodules; ``None`` where weights were not compared.
        difference_ci95: of the CPM, or of the loss.
        high_probability_still_found, high_probability: of the candidates to which the old model
            gave at least ``HIGH_PROBABILITY``, those still found.
    """

    replaces: bool
    why: str
    cpm_new: float | None = None
    cpm_old: float | None = None
    difference_ci95: Interval | None = None
    high_probability_still_found: int | None = None
    high_probability: int | None = None


def decide_on_weights(
    new: Sequence[CtOutcome], old: Sequence[CtOutcome], labels: Sequence[PseudoLabels]
) -> Decision:
    """Compare new weights with the old ones, each by its own calibration, on the same CTs.

    Args:
        new: outcomes of the new weights.
        old: of the old ones.
        labels: what the old model would report, a CT.
    """
    still_found, high_probability = high_probability_kept(new, labels)
    verdict = decide_by_scores(scores_of(new), scores_of(old))
    replaces, why = verdict.replaces, f"on inserted nodules {verdict.why}"
    if still_found < KEPT_SHARE * high_probability:
        replaces = False
        why = (
            f"of {counted(high_probability, 'high-probability finding')} of the old model only "
            f"{still_found} {'is still a finding' if still_found == 1 else 'are still findings'}: "
            "they may be nodules, the old weights stay"
        )
    return Decision(
        replaces,
        why,
        verdict.cpm_new,
        verdict.cpm_old,
        verdict.difference_ci95,
        still_found,
        high_probability,
    )


def high_probability_kept(
    new: Sequence[CtOutcome], labels: Sequence[PseudoLabels]
) -> tuple[int, int]:
    """How many high-probability candidates of the old model are still found, and of how many."""
    still_found = total = 0
    for outcome, rows in zip(new, labels, strict=True):
        high_probability = rows[rows[:, 4] >= HIGH_PROBABILITY]
        findings = outcome.centers_voxel[outcome.candidates >= outcome.threshold]
        total += len(high_probability)
        if len(findings) and len(high_probability):
            apart = np.linalg.norm(high_probability[:, None, :3] - findings[None], axis=-1)
            reach = np.maximum(high_probability[:, 3] / 2, _MIN_MM)
            still_found += int((apart <= reach[:, None]).any(1).sum())
    return still_found, total


def decide_on_calibration(new: Sequence[CtOutcome], old: Sequence[CtOutcome]) -> Decision:
    """Compare calibrations of the same weights by what they say of CTs not calibrated on.

    Args:
        new: each CT by a calibration on the others.
        old: each CT by the old card.
    """
    losses = np.array([[item.loss for item in side] for side in (new, old)])
    drawn = draw_scans(losses.shape[1])
    low, high = percentile_interval((losses[0] - losses[1])[drawn].mean(1))
    replaces = bool(high <= MARGIN_LOSS * losses[1].mean())
    between = (
        f"the loss of the probability goes from {losses[1].mean():.4f} to {losses[0].mean():.4f} "
        f"(change {low:+.4f} to {high:+.4f}, 95 % interval over CTs)"
    )
    end = (
        "the new calibration is used"
        if replaces
        else "a worse one cannot be ruled out, the old stays"
    )
    return Decision(replaces, f"{between}: {end}", difference_ci95=(low, high))
