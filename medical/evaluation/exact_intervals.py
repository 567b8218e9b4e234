"""Exact 95 % intervals of a share and of a rate: honest for the few scans that are at hand.

Source:
    Clopper and Pearson, Biometrika 1934;26:404 (binomial).
    Garwood, Biometrika 1936;28:437 (Poisson).
"""

from __future__ import annotations

_TAIL = 0.025


def share_interval(found: int, of: int) -> tuple[float, float]:
    """Return the ends of the interval of ``found / of``.

    Args:
        found: successes, 0 to ``of``.
        of: trials, at least 1.

    Raises:
        ValueError: ``found`` is not among ``of``.
    """
    if not 0 <= found <= of or of < 1:
        raise ValueError(f"found must lie between 0 and of (at least 1), got {found} of {of}")
    from scipy.stats import beta  # late: it takes a second, and pages are drawn without it

    low = 0.0 if found == 0 else float(beta.ppf(_TAIL, found, of - found + 1))
    high = 1.0 if found == of else float(beta.ppf(1 - _TAIL, found + 1, of - found))
    return low, high


def rate_interval(count: int, scans: int) -> tuple[float, float]:
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
