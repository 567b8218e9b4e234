"""May the last step be used? Only where its loss is shown to be small, not merely unseen.

The lower end of the interval is the gate's, which also holds what so few nodules cannot show.

Source:
    Non-inferiority: Piaggio et al., JAMA 2012;308:2594.
"""

from __future__ import annotations

from dataclasses import replace

from medical.training.gate import Verdict
from medical.training.unseen_loss import too_few_sentence, unseen_loss


def decide_on_step(verdict: Verdict, *, bound: float) -> Verdict:
    """Say whether a smaller model may be used.

    Args:
        verdict: of the gate, on the scans held out; its interval is the bootstrap's.
        bound: of mean sensitivity that may be lost, 0 to below 1.

    Returns:
        The same with an interval that holds what so few nodules cannot show; it replaces only where
        the lower end lies above ``-bound``.
    """
    seen, cpm_new, cpm_old = verdict.difference_ci95, verdict.cpm_new, verdict.cpm_old
    if seen is None or cpm_new is None or cpm_old is None:
        return verdict
    unseen = cpm_new - cpm_old - unseen_loss(verdict.nodules)
    low = min(seen[0], unseen)
    promoted = low > -bound
    between = f"the CPM changes by {low:+.3f} to {seen[1]:+.3f} (95 % interval)"
    if promoted:
        why = f"{between}, a loss of {bound:g} is ruled out: promoted"
    elif seen[1] < 0:
        why = f"{between}: worse"
    elif low < unseen:
        why = f"{between}: a loss of {bound:g} cannot be ruled out"
    else:
        why = f"{between}: {too_few_sentence(verdict.nodules, bound)}"
    return replace(verdict, replaces=promoted, why=why, difference_ci95=(low, seen[1]))
