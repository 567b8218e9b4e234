"""Do the probabilities mean what they say: reliability and expected calibration error.

Source:
    Guo et al., ICML 2017, "On calibration of modern neural networks" (ECE with equal-width bins).
"""

from __future__ import annotations

import numpy as np

from medical.evaluation.froc import Scores
from medical.evaluation.result import Calibration, ReliabilityBin

BINS = 10


def measure_calibration(scores: Scores, *, bins: int = BINS) -> Calibration | None:
    """Reliability of the marks that count (found nodules' strongest marks, false positives).

    ``None`` when there are no marks or the scores are no probabilities (outside 0..1).
    """
    p = scores.score
    if len(p) == 0 or p.min() < 0 or p.max() > 1:
        return None
    place = np.minimum((p * bins).astype(np.int64), bins - 1)
    table = []
    for k in range(bins):
        inside = place == k
        count = int(inside.sum())
        table.append(
            ReliabilityBin(
                probability_from=k / bins,
                probability_to=(k + 1) / bins,
                marks=count,
                mean_probability=float(p[inside].mean()) if count else None,
                share_nodules=float(scores.is_nodule[inside].mean()) if count else None,
            )
        )
    gaps = [
        row.marks * abs(row.mean_probability - row.share_nodules)
        for row in table
        if row.mean_probability is not None and row.share_nodules is not None
    ]
    return Calibration(
        expected_calibration_error=sum(gaps) / len(p), marks=len(p), reliability=table
    )
