"""Choose the operating point so that a promised sensitivity holds with a promised confidence.

Of ``n`` held-out nodules, a threshold that misses ``k`` of them misses more than a share ``a`` of
all such nodules with probability at most ``P(Binomial(n, a) <= k)``, whatever the distribution of
scores. The promise is about nodules exchangeable with the held-out ones: on other nodules or
another scanner it need not hold.

Source:
    Bates et al., Distribution-free, risk-controlling prediction sets, J ACM 2021;68:43, with the
    exact binomial bound; Angelopoulos et al., Conformal risk control, ICLR 2024, for the mean.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.stats import binom

from medical.counts import counted


def controlled_threshold(
    nodule_scores: Float[np.ndarray, " n"], *, sensitivity: float, confidence: float
) -> float:
    """Return the highest threshold that keeps ``sensitivity`` with ``confidence``.

    Args:
        nodule_scores: probability of the best mark on each held-out nodule, 0 where none hit.
        sensitivity: promised, above 0 and below 1.
        confidence: that the promise holds over draws of held-out nodules, above 0 and below 1.

    Returns:
        A threshold; marks at or above it count.

    Raises:
        ValueError: no threshold keeps the promise: too few nodules, or too many missed ones.
    """
    for name, share in (("sensitivity", sensitivity), ("confidence", confidence)):
        if not 0 < share < 1:
            raise ValueError(f"{name} must lie above 0 and below 1, got {share}")
    count = len(nodule_scores)
    missed = np.arange(count)
    allowed = int((binom.cdf(missed, count, 1 - sensitivity) <= 1 - confidence).sum())
    if allowed == 0:
        raise ValueError(
            f"{counted(count, 'nodule is', 'nodules are')} too few to promise a sensitivity of "
            f"{sensitivity:.0%} "
            f"with a confidence of {confidence:.0%}"
        )
    threshold = float(np.sort(nodule_scores)[allowed - 1])
    if threshold <= 0:
        raise ValueError(
            f"{int((nodule_scores <= 0).sum())} of {counted(count, 'nodule')} without a mark: "
            f"no threshold finds {sensitivity:.0%} with a confidence of {confidence:.0%}"
        )
    return threshold
