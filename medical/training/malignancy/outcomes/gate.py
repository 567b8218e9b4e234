"""The gate: may a StarNet that was trained on outcomes replace the one that it began as?

Only if it tells malignant from benign not worse on patients held out: the lower end of the 95 %
interval of the paired difference in AUC (bootstrap over patients) must lie above minus a margin.
Too few patients to tell is a no.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from scipy.stats import rankdata

from medical.evaluation.intervals import DRAWS, percentile_interval, times_drawn
from medical.plain_text import counted

MARGIN = 0.05
MIN_PATIENTS = 20
MIN_EACH = 5
"""Patients with a malignant, and with a benign finding, that must be held out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeVerdict:
    """Whether the new weights replace the old, and why.

    Args:
        replaces: the new weights are not worse.
        why: one sentence.
        auc_new: on the held-out findings; ``None`` where one of the outcomes is missing.
        auc_old: of the old weights.
        difference_ci95: of new minus old; ``None`` where there were too few.
        patients: held out.
        findings: of theirs.
        malignant: among these.
    """

    replaces: bool
    why: str
    auc_new: float | None
    auc_old: float | None
    difference_ci95: tuple[float, float] | None
    patients: int
    findings: int
    malignant: int

    def write(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")


def decide_on_outcomes(
    new: Float[np.ndarray, " n"],
    old: Float[np.ndarray, " n"],
    malignant: Bool[np.ndarray, " n"],
    patients: Sequence[str],
) -> OutcomeVerdict:
    """Compare both on the same held-out findings.

    Args:
        new: risks by the new weights.
        old: by the old ones.
        malignant: outcomes.
        patients: of each finding.
    """
    names, owner = np.unique(np.array(patients, dtype=str), return_inverse=True)
    each = [len(np.unique(owner[malignant == value])) for value in (True, False)]
    aucs = [area_under_curve(risk, malignant) for risk in (new, old)]
    interval = None
    if len(names) < MIN_PATIENTS or min(each) < MIN_EACH:
        replaces, why = False, (
            f"{counted(len(names), 'patient')} held out, {each[0]} with a malignant and {each[1]} "
            f"with a benign finding, too few to tell ({MIN_PATIENTS} patients, {MIN_EACH} of each, "
            "are needed): the old StarNet stays"
        )  # fmt: skip
    else:
        differences = []
        for times in times_drawn(len(names), draws=DRAWS, seed=0):
            weights = times[owner]
            differences.append(
                area_under_curve(new, malignant, weights)
                - area_under_curve(old, malignant, weights)
            )
        interval = percentile_interval(np.array(differences))
        between = f"the AUC changes by {interval[0]:+.3f} to {interval[1]:+.3f} (95 % interval)"
        replaces = interval[0] >= -MARGIN
        why = (
            f"{between}, not worse by more than {MARGIN:g}: the new StarNet may replace the old"
            if replaces
            else f"{between}: a loss above {MARGIN:g} cannot be ruled out, the old StarNet stays"
        )
    known = [None if np.isnan(value) else value for value in aucs]
    return OutcomeVerdict(
        replaces=replaces,
        why=why,
        auc_new=known[0],
        auc_old=known[1],
        difference_ci95=interval,
        patients=len(names),
        findings=len(malignant),
        malignant=int(malignant.sum()),
    )


def area_under_curve(
    risk: Float[np.ndarray, " n"],
    malignant: Bool[np.ndarray, " n"],
    times: np.ndarray | None = None,
) -> float:
    """Area under the ROC curve, ties count half; ``nan`` where an outcome is missing.

    Args:
        risk: of findings.
        malignant: their outcomes.
        times: how often each counts, whole numbers; once where not given.
    """
    if times is not None:
        risk, malignant = np.repeat(risk, times), np.repeat(malignant, times)
    positive = int(malignant.sum())
    negative = len(malignant) - positive
    if not positive or not negative:
        return float("nan")
    wins = rankdata(risk)[malignant].sum() - positive * (positive + 1) / 2
    return float(wins / (positive * negative))
