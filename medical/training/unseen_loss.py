"""How large a loss may be that so many nodules need not show.

A bootstrap redraws what was seen: where no nodule of five was lost, every draw loses none and its
interval has no width. With n nodules of which none is lost, a share lost of up to
``1 - 0.025 ** (1 / n)`` is compatible (Clopper and Pearson's bound at none of n).

Source:
    Clopper and Pearson, Biometrika 1934;26:404; Hanley and Lippman-Hand, JAMA 1983;249:1743 ("If
    nothing goes wrong, is everything all right?").
"""

from __future__ import annotations

import math

from medical.plain_text import counted

_TAIL = 0.025


def unseen_loss(nodules: int) -> float:
    """Return the largest share lost that ``nodules`` (at least 1) of which none is lost allow."""
    return 1 - float(_TAIL ** (1 / nodules))


def nodules_needed(bound: float) -> int:
    """Return how many nodules, none of them lost, rule out a loss of ``bound`` (0..1, open)."""
    return math.floor(math.log(_TAIL) / math.log(1 - bound)) + 1


def too_few_sentence(nodules: int, bound: float) -> str:
    """Say what so few nodules may hide, and how many would do.

    Args:
        nodules: at least 1.
        bound: of the loss that is to be ruled out, below 1; at 0 no number is named.
    """
    hidden = f"{counted(nodules, 'nodule')} may hide a loss of {unseen_loss(nodules):.3f}"
    if bound <= 0:
        return f"too few nodules to tell, {hidden}"
    return (
        f"too few nodules to tell, {hidden}; {nodules_needed(bound)} are needed where none is lost"
    )
