"""Which candidates hit which nodules, by the LUNA16 protocol.

Source:
    Setio et al., Med Image Anal 2017;42:1 (LUNA16), "Evaluation", and the published behaviour of
    the challenge's evaluation: see :func:`match_scan`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medical.evaluation.tables import Candidate, ReferenceFinding, Tables

MAX_CANDIDATES_PER_SCAN = 100


@dataclass(frozen=True, slots=True)
class ScanMatch:
    """One scan's outcome.

    Args:
        nodules: the reference of this scan.
        found_at: for each nodule the score of its strongest candidate, ``None`` when missed.
        false_positives: scores of the candidates that hit nothing.
        ignored_irrelevant: candidates on irrelevant findings only.
        ignored_double: candidates beyond the strongest on the same nodule.
        strongest: highest score of any candidate, counted or not; ``None`` without candidates.
    """

    nodules: tuple[ReferenceFinding, ...]
    found_at: tuple[float | None, ...]
    false_positives: tuple[float, ...]
    ignored_irrelevant: int
    ignored_double: int
    strongest: float | None


def match_scans(tables: Tables) -> list[ScanMatch]:
    """Match every listed scan, in the order of the list."""
    nodules = _by_series(tables.nodules)
    irrelevant = _by_series(tables.irrelevant)
    candidates: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in tables.candidates:
        candidates[candidate.series_uid].append(candidate)
    return [
        match_scan(nodules.get(uid, ()), irrelevant.get(uid, ()), candidates.get(uid, ()))
        for uid in tables.series_uids
    ]


def match_scan(
    nodules: Sequence[ReferenceFinding],
    irrelevant: Sequence[ReferenceFinding],
    candidates: Sequence[Candidate],
) -> ScanMatch:
    """Match the candidates of one scan.

    A candidate hits when its distance is strictly below the finding's radius. A candidate that hits
    a nodule is never a false positive, even when another candidate on it is stronger or when it
    also lies on an irrelevant finding; one that lies close to two nodules finds both.
    """
    counted = strongest_candidates(candidates)
    scores = np.array([candidate.probability for candidate in counted], dtype=np.float64)
    hits = _hits(nodules, counted)
    on_nodule = hits.any(axis=0)
    on_irrelevant = _hits(irrelevant, counted).any(axis=0) & ~on_nodule
    found_at = tuple(float(scores[row].max()) if row.any() else None for row in hits)
    free = scores[~on_nodule & ~on_irrelevant]
    return ScanMatch(
        nodules=tuple(nodules),
        found_at=found_at,
        false_positives=tuple(free.tolist()),
        ignored_irrelevant=int(on_irrelevant.sum()),
        ignored_double=int(np.maximum(hits.sum(axis=1) - 1, 0).sum()),
        strongest=float(scores.max()) if len(scores) else None,
    )


def strongest_candidates(candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """All candidates up to 100; of more, those strictly above the 101st highest score.

    Ties with the 101st fall away, so fewer than 100 can remain.
    """
    if len(candidates) <= MAX_CANDIDATES_PER_SCAN:
        return candidates
    scores = sorted((candidate.probability for candidate in candidates), reverse=True)
    bar = scores[MAX_CANDIDATES_PER_SCAN]
    return [candidate for candidate in candidates if candidate.probability > bar]


def _hits(
    findings: Sequence[ReferenceFinding], candidates: Sequence[Candidate]
) -> NDArray[np.bool_]:
    """Tell, ``[findings, candidates]``, whether the candidate lies inside the finding's ball."""
    centers = np.array([f.center_lps_mm for f in findings], dtype=np.float64).reshape(-1, 1, 3)
    points = np.array([m.center_lps_mm for m in candidates], dtype=np.float64).reshape(1, -1, 3)
    radius = np.array([f.diameter_mm for f in findings], dtype=np.float64).reshape(-1, 1) / 2
    # Squared on both sides: a candidate exactly on the edge must not hit by rounding of a root.
    return np.asarray(((points - centers) ** 2).sum(axis=2) < radius**2)


def _by_series(findings: Sequence[ReferenceFinding]) -> dict[str, list[ReferenceFinding]]:
    grouped: dict[str, list[ReferenceFinding]] = defaultdict(list)
    for finding in findings:
        grouped[finding.series_uid].append(finding)
    return grouped
