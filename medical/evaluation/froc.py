"""Free-response ROC by the LUNA16 protocol: which candidates hit, the curve and its interval.

Source:
    Setio et al., Med Image Anal 2017;42:1 (LUNA16): "Evaluation", seven operating points, CPM as
    their mean, 1,000 bootstraps by scan after Efron and Tibshirani; and the published behaviour of
    the challenge's evaluation: see :func:`match_scan`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medical.evaluation.intervals import DRAWS, percentile_interval, times_drawn
from medical.evaluation.tables import Candidate, ReferenceFinding, Tables

MAX_CANDIDATES_PER_SCAN = 100
FALSE_POSITIVES_PER_SCAN: tuple[float, ...] = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
Array = NDArray[np.float64]


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


@dataclass(frozen=True, slots=True, eq=False)
class FrocCurve:
    """Points of the curve from the strictest to the laxest threshold; starts at (0, 0).

    Args:
        false_positives: per scan, never falling.
        sensitivity: 0..1, never falling; ``nan`` throughout when there are no nodules.
    """

    false_positives: Array
    sensitivity: Array

    def at(self, false_positives: Sequence[float] | Array) -> Array:
        """Sensitivity by linear interpolation; beyond the last point the last value holds."""
        between: Array = np.interp(false_positives, self.false_positives, self.sensitivity)
        # rounding may carry a value between two points past the higher one
        return np.asarray(np.minimum(between, self.sensitivity[-1]))

    @property
    def cpm(self) -> float:
        """Competition performance metric: mean sensitivity at the seven operating points."""
        return float(self.at(FALSE_POSITIVES_PER_SCAN).mean())


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """All that counts, flattened and sorted from the highest score to the lowest.

    Args:
        score: of each found nodule (its strongest candidate) and each false positive.
        is_nodule: which of the two.
        scan: index of the scan.
        nodules: nodules in each scan, missed ones too.
    """

    score: Array
    is_nodule: NDArray[np.bool_]
    scan: NDArray[np.int64]
    nodules: NDArray[np.int64]

    @classmethod
    def of(cls, scans: Sequence[ScanMatch]) -> Scores:
        """Gather the outcome of all scans."""
        entries = [
            (score, is_nodule, index)
            for index, scan in enumerate(scans)
            for is_nodule, scores in ((True, scan.found_at), (False, scan.false_positives))
            for score in scores
            if score is not None
        ]
        score = np.array([entry[0] for entry in entries], dtype=np.float64)
        order = np.argsort(-score, kind="stable")
        return cls(
            score[order],
            np.array([entry[1] for entry in entries], dtype=bool)[order],
            np.array([entry[2] for entry in entries], dtype=np.int64)[order],
            np.array([len(scan.nodules) for scan in scans], dtype=np.int64),
        )

    def curve(self, *, times: NDArray[np.int64] | None = None) -> FrocCurve:
        """Compute the curve; ``times`` says how often each scan counts (a bootstrap's draw)."""
        if times is None:
            times = np.ones(len(self.nodules), dtype=np.int64)
        weight = times[self.scan]
        # Equal scores pass a threshold together: the curve has one point for each distinct score.
        last = np.append(np.diff(self.score) != 0, True)[: len(self.score)]
        true_positives = np.cumsum(weight * self.is_nodule)[last]
        false = np.cumsum(weight * ~self.is_nodule)[last]
        total = int((times * self.nodules).sum())
        counts = np.append(0.0, true_positives)
        sensitivity = counts / total if total else np.full(len(counts), np.nan)
        return FrocCurve(np.append(0.0, false) / int(times.sum()), sensitivity)


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrap:
    """What repetition of the evaluation on redrawn scans gave.

    Args:
        cpm_ci95: 2.5th and 97.5th percentile; ``None`` when no draw held a nodule.
        grid: false positives per scan of the band.
        low: 2.5th percentile of the sensitivity at ``grid``.
        high: 97.5th percentile.
    """

    cpm_ci95: tuple[float, float] | None
    grid: Array
    low: Array
    high: Array


def bootstrap(scores: Scores, *, draws: int = DRAWS, seed: int = 0) -> Bootstrap:
    """Redraw the scans with replacement; draws without any nodule say nothing and are dropped."""
    grid = np.geomspace(FALSE_POSITIVES_PER_SCAN[0], FALSE_POSITIVES_PER_SCAN[-1], 97)
    means, bands = [], []
    for times in times_drawn(len(scores.nodules), draws=draws, seed=seed):
        if not (times * scores.nodules).any():
            continue
        curve = scores.curve(times=times)
        means.append(curve.cpm)
        bands.append(curve.at(grid))
    if not means:
        nothing = np.full_like(grid, np.nan)
        return Bootstrap(None, grid, nothing, nothing)
    low, high = np.percentile(bands, (2.5, 97.5), axis=0)
    return Bootstrap(percentile_interval(np.array(means)), grid, low, high)
