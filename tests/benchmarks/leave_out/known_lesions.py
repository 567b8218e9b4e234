"""Marks of scans as they are: the rank of each known lesion, and what else is marked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from tests.benchmarks.leave_out.seen_scan import Places, SeenScan

MIN_REACH_MM = 3.0  # an ignore region is marked by one point


@dataclass(frozen=True, slots=True)
class Lesion:
    """One known lesion and its strongest mark.

    Args:
        scan: where it is.
        diameter_mm: of the reference.
        rank: of the strongest mark inside its radius among the scan's; ``None`` if missed.
        off_mm: how far from the centre that mark lies.
    """

    scan: str
    diameter_mm: float
    rank: int | None
    off_mm: float


@dataclass(frozen=True, slots=True)
class Operated:
    """All scans, each at a threshold from the others.

    Args:
        found: lesions with a mark at or above it.
        of: lesions.
        others: false positives of each scan at or above it.
    """

    found: int
    of: int
    others: tuple[int, ...]


def lesions_of(scan: SeenScan) -> list[Lesion]:
    """Each known lesion with its strongest mark."""
    order = np.argsort(-scan.scores, kind="stable")
    lesions = []
    for row in scan.known:
        apart = np.linalg.norm(scan.marks[order, :3] - row[:3], axis=1)
        inside = np.flatnonzero(apart < row[3] / 2)
        rank = int(inside[0]) + 1 if len(inside) else None
        off = float(apart[inside[0]]) if len(inside) else np.nan
        lesions.append(Lesion(scan.name, float(row[3]), rank, off))
    return lesions


def operate(scans: list[SeenScan], *, others_a_scan: float, count_ignore_regions: bool) -> Operated:
    """Mark each scan at the lowest threshold at which the other scans keep to a rate.

    Args:
        scans: as they are, each read by weights that have not seen it; at least two.
        others_a_scan: most marks beside the known lesions that the other scans may have.
        count_ignore_regions: whether marks at ignore regions are among them.
    """
    wrong = [others_of(scan, count_ignore_regions=count_ignore_regions) for scan in scans]
    result, others = 0, []
    for number, scan in enumerate(scans):
        rest = np.sort(np.concatenate([w for n, w in enumerate(wrong) if n != number]))[::-1]
        allowed = int(others_a_scan * (len(scans) - 1))
        least = rest[allowed] if allowed < len(rest) else -np.inf  # the first that must not pass
        on = scan.scores > least
        for row in scan.known:
            result += bool((on & _at(scan.marks, row, least_mm=0.0)).any())
        others.append(int((wrong[number] > least).sum()))
    return Operated(result, sum(len(scan.known) for scan in scans), tuple(others))


def others_of(scan: SeenScan, *, count_ignore_regions: bool) -> Float[np.ndarray, " k"]:
    """Scores of candidates that lie at no known lesion.

    Args:
        scan: as it is.
        count_ignore_regions: whether candidates at ignore regions are among them.
    """
    taken = np.zeros(len(scan.marks), bool)
    for row in scan.known:
        taken |= _at(scan.marks, row, least_mm=0.0)
    if not count_ignore_regions:
        for row in scan.ignore_regions:
            taken |= _at(scan.marks, row, least_mm=MIN_REACH_MM)
    return scan.scores[~taken]


def _at(
    candidates: Places, row: Float[np.ndarray, 4], *, least_mm: float
) -> Bool[np.ndarray, " n"]:
    apart = np.linalg.norm(candidates[:, :3] - row[:3], axis=1)
    return np.asarray(apart < max(row[3] / 2, least_mm))
