"""95 % intervals: exact ones of a share and of a rate, and the bootstrap by scan for the rest.

Source:
    Clopper and Pearson, Biometrika 1934;26:404 (binomial).
    Garwood, Biometrika 1936;28:437 (Poisson).
    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13 (percentiles).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Int64

DRAWS = 1000
_TAIL = 0.025

Interval = tuple[float, float]


@lru_cache(maxsize=4096)  # a page and a signed report ask for the same card's points many times
def share_interval(hits: int, of: int) -> Interval:
    """Return the ends of the interval of ``found / of``.

    Args:
        hits: successes, 0 to ``of``.
        of: trials, at least 1.

    Raises:
        ValueError: ``hits`` is not among ``of``.
    """
    if not 0 <= hits <= of or of < 1:
        raise ValueError(f"found must lie between 0 and of (at least 1), got {hits} of {of}")
    from scipy.stats import binomtest  # late: it takes a second, and pages are drawn without it

    low, high = binomtest(hits, of).proportion_ci(1 - 2 * _TAIL, method="exact")
    return float(low), float(high)


def rate_interval(count: int, scans: int) -> Interval:
    """Return the ends of the interval of ``count / scans``, events being independent.

    Args:
        count: events seen, at least 0.
        scans: at least 1.

    Raises:
        ValueError: a number is out of range.
    """
    if count < 0 or scans < 1:
        raise ValueError(f"count must be at least 0 and scans at least 1, got {count} in {scans}")
    from scipy.stats import chi2

    low = 0.0 if count == 0 else float(chi2.ppf(_TAIL, 2 * count)) / 2
    high = float(chi2.ppf(1 - _TAIL, 2 * count + 2)) / 2
    return low / scans, high / scans


def draw_scans(count: int, *, draws: int = DRAWS, seed: int = 0) -> Int64[np.ndarray, "draws n"]:
    """Redraw ``count`` scans with replacement; the same seed draws the same ones for every model.

    Raises:
        ValueError: ``count`` or ``draws`` is below 1.
    """
    if count < 1 or draws < 1:
        raise ValueError(f"count and draws must be at least 1, got {count} and {draws}")
    return np.random.default_rng(seed).integers(count, size=(draws, count))


def times_drawn(count: int, *, draws: int = DRAWS, seed: int = 0) -> Int64[np.ndarray, "draws n"]:
    """Return how often each scan stands in each of the draws of `draw_scans`."""
    drawn = draw_scans(count, draws=draws, seed=seed)
    return np.stack([np.bincount(row, minlength=count) for row in drawn])


def percentile_interval(values: Float[np.ndarray, " draws"]) -> Interval:
    """Return the 2.5th and 97.5th percentile of what the draws gave; ``nan`` where none gave any.

    Draws without a value (``nan``: no nodule was drawn, say) are left out.
    """
    known = np.asarray(values)[np.isfinite(values)]
    if len(known) == 0:
        return float("nan"), float("nan")
    low, high = np.percentile(known, (100 * _TAIL, 100 * (1 - _TAIL)))
    return float(low), float(high)
