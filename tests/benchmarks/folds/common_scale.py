"""Scores of several networks on one scale: how many false marks a scan a threshold would give.

A logit of one fold means something else than the same logit of another. What a threshold costs can
be read off scans that the fold left out as well, so each lung's scores become the logarithm of the
rate of false marks at that score in the fold's other lungs (cross-conformal: nothing of a lung says
how its own scores are read).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from medical.evaluation.froc import match_scans
from tests.benchmarks.leave_out.score import tables_of
from tests.benchmarks.leave_out.seen_scan import SeenScan


def on_common_scale(scans: list[SeenScan]) -> list[SeenScan]:
    """The same scans of one fold, at least two lungs, with scores that other folds' can join."""
    false = {scan.name: _false_scores(scan) for scan in scans}
    made = []
    for scan in scans:
        others = [other for other in scans if other.lung != scan.lung]
        if not others:
            raise ValueError(f"{scan.lung} is the only lung of its fold")
        wrong = np.sort(np.concatenate([false[other.name] for other in others]))
        made.append(replace(scan, scores=_rarity(scan.scores, wrong, scans=len(others))))
    return made


def _false_scores(scan: SeenScan) -> Float[np.ndarray, " k"]:
    """Scores of marks that hit nothing known, to be ignored or inserted."""
    (match,) = match_scans(tables_of([scan]))
    p = np.array(match.false_positives, np.float64)
    return np.log(p) - np.log1p(-p)


def _rarity(
    scores: Float[np.ndarray, " n"], wrong: Float[np.ndarray, " k"], *, scans: int
) -> Float[np.ndarray, " n"]:
    """Minus the logarithm of false marks a scan at each score, interpolated, monotone beyond."""
    if len(wrong) == 0:
        return scores
    rate = (len(wrong) - np.arange(len(wrong))) / scans
    least, most = wrong[0], wrong[-1]
    inside = np.interp(scores, wrong, -np.log(rate))
    below = np.minimum(scores - least, 0)
    above = np.maximum(scores - most, 0)
    return np.asarray(inside + below + above)
