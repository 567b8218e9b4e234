"""May the last step be used? Only where its loss is shown to be small, not merely unseen.

A bootstrap redraws what was seen: where no nodule of five was lost, every draw loses none and its
interval has no width. So the lower end is also kept as far below the difference as a loss can be
that so many nodules need not show: with n nodules of which none is lost, a share lost of up to
``1 - 0.025 ** (1 / n)`` is compatible (Clopper and Pearson's bound at none of n).

Source:
    Clopper and Pearson, Biometrika 1934;26:404; Hanley and Lippman-Hand, JAMA 1983;249:1743 ("If
    nothing goes wrong, is everything all right?"); non-inferiority: Piaggio et al., JAMA
    2012;308:2594.
"""

from __future__ import annotations

import math
from dataclasses import replace

from medical.plain_text import counted
from medical.training.gate import Verdict

_TAIL = 0.025


def unseen_loss(nodules: int) -> float:
    """Return the largest share lost that ``nodules`` (at least 1) of which none is lost allow."""
    return 1 - float(_TAIL ** (1 / nodules))


def nodules_needed(bound: float) -> int:
    """Return how many nodules, none of them lost, rule out a loss of ``bound`` (0..1, open)."""
    return math.floor(math.log(_TAIL) / math.log(1 - bound)) + 1


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
    low = min(seen[0], cpm_new - cpm_old - unseen_loss(verdict.nodules))
    promoted = low > -bound
    between = f"the CPM changes by {low:+.3f} to {seen[1]:+.3f} (95 % interval)"
    if promoted:
        why = f"{between}, a loss of {bound:g} is ruled out: promoted"
    elif seen[1] < 0:
        why = f"{between}: worse"
    elif seen[0] <= -bound:
        why = f"{between}: a loss of {bound:g} cannot be ruled out"
    else:
        why = (
            f"{between}: too few nodules to tell, {counted(verdict.nodules, 'nodule')} may hide a "
            f"loss of {unseen_loss(verdict.nodules):.3f}"
        )
        if bound > 0:
            why += f"; {nodules_needed(bound)} are needed where none is lost"
    return replace(verdict, replaces=promoted, why=why, difference_ci95=(low, seen[1]))
