"""95 % intervals of the risk: split-conformal, by patient.

Nodules of one patient are alike, so each patient weighs one, whatever the number of his nodules.

Source:
    Lei et al., J Am Stat Assoc 2018;113:1094 (normalised residuals); Dunn, Wasserman and Ramdas,
    J Am Stat Assoc 2023;118:2491 (groups as the unit).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

LEVEL = 0.95


def conformal_quantile(
    risk: Float[np.ndarray, " n"],
    expected_error: Float[np.ndarray, " n"],
    target: Float[np.ndarray, " n"],
    patients: Sequence[str],
) -> float:
    """Return by what the expected_error is multiplied to give the half-width of an interval.

    Args:
        risk: of nodules that the weights have not seen, 0 to 1.
        expected_error: expected error, above 0.
        target: readers' mean rating as 0 to 1.
        patients: of each nodule, at least 20 in all.

    Raises:
        ValueError: there are fewer patients: no quantile of 95 % exists.
    """
    counts = Counter(patients)
    if len(counts) < 1 / (1 - LEVEL):
        raise ValueError(f"at least 20 patients are needed, got {len(counts)}")
    scores = np.abs(risk - target) / expected_error
    weights = np.array([1 / counts[patient] for patient in patients])
    order = np.argsort(scores)
    # one more patient, whose score could be anything, stands for the one to come
    held = np.cumsum(weights[order]) / (len(counts) + 1)
    place = int(np.searchsorted(held, LEVEL))
    return float(scores[order][min(place, len(scores) - 1)])


def interval(risk: float, expected_error: float, quantile: float) -> tuple[float, float]:
    """Return both ends, within 0 and 1."""
    half = quantile * expected_error
    return max(0.0, risk - half), min(1.0, risk + half)


def covered(
    risk: Float[np.ndarray, " n"],
    expected_error: Float[np.ndarray, " n"],
    target: Float[np.ndarray, " n"],
    quantile: float,
) -> Bool[np.ndarray, " n"]:
    """Tell which intervals hold the target."""
    return np.asarray(np.abs(risk - target) <= quantile * expected_error + 1e-9)
