"""The gate of an adaptation: are the new weights, or the new calibration, not worse than the old?

Weights: by the gate of ``starlung retrain`` on the CPM of inserted nodules, where every mark on a
CT as it is counts as false for both alike; and, as inserted nodules alone would not show it, a
share of the marks that the old model was sure of must stay findings. A calibration: by the
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

SURE = 0.8  # probability by the old model
KEPT_SHARE = 0.9
MARGIN_LOSS = 0.05  # of the old loss
_MIN_MM = 4.0


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether what is new may be used, and why.

    Args:
        passes: it is not worse.
        why: one sentence.
        cpm_new, cpm_old: on inserted nodules; ``None`` where weights were not compared.
        difference_ci95: of the CPM, or of the loss.
        sure_kept, sure: of the marks that the old model was sure of, those still found.
    """

    passes: bool
    why: str
    cpm_new: float | None = None
    cpm_old: float | None = None
    difference_ci95: Interval | None = None
    sure_kept: int | None = None
    sure: int | None = None


def decide_on_weights(
    new: Sequence[CtOutcome], old: Sequence[CtOutcome], labels: Sequence[PseudoLabels]
) -> Decision:
    """Compare new weights with the old ones, each by its own calibration, on the same CTs.

    Args:
        new: outcomes of the new weights.
        old: of the old ones.
        labels: what the old model would report, a CT.
    """
    still_found, sure = sure_marks_kept(new, labels)
    verdict = decide_by_scores(scores_of(new), scores_of(old))
    passes, why = verdict.replaces, f"on inserted nodules {verdict.why}"
    if still_found < KEPT_SHARE * sure:
        passes = False
        why = (
            f"of {counted(sure, 'high-probability finding')} of the old model only {still_found} "
            f"{'is still a finding' if still_found == 1 else 'are still findings'}: they may be "
            "nodules, the old weights stay"
        )
    return Decision(
        passes, why, verdict.cpm_new, verdict.cpm_old, verdict.difference_ci95, still_found, sure
    )


def sure_marks_kept(new: Sequence[CtOutcome], labels: Sequence[PseudoLabels]) -> tuple[int, int]:
    """How many of the old model's marks of at least ``SURE`` are still found, and of how many."""
    still_found = total = 0
    for outcome, rows in zip(new, labels, strict=True):
        sure = rows[rows[:, 4] >= SURE]
        findings = outcome.centers_voxel[outcome.marks >= outcome.threshold]
        total += len(sure)
        if len(findings) and len(sure):
            apart = np.linalg.norm(sure[:, None, :3] - findings[None], axis=-1)
            reach = np.maximum(sure[:, 3] / 2, _MIN_MM)
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
    passes = bool(high <= MARGIN_LOSS * losses[1].mean())
    between = (
        f"the loss of the probability goes from {losses[1].mean():.4f} to {losses[0].mean():.4f} "
        f"(change {low:+.4f} to {high:+.4f}, 95 % interval over CTs)"
    )
    end = (
        "the new calibration is used"
        if passes
        else "a worse one cannot be ruled out, the old stays"
    )
    return Decision(passes, f"{between}: {end}", difference_ci95=(low, high))
