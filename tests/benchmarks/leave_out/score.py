"""What the folds found: ``python -m tests.benchmarks.leave_out.score OUT``.

OUT holds what ``leave_out.read`` wrote. Known lesions in scans as they are, with a threshold that
comes from the other scans; then nodules INSERTED into the scans, by lung. Intervals redraw whole
lungs, which are what differs; those over scans would only say how copies of the same lungs differ.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.special import expit

from medical.evaluation.froc import Scores, match_scans
from medical.evaluation.intervals import Interval, percentile_interval, times_drawn
from medical.evaluation.tables import Candidate, ReferenceFinding, Tables
from tests.benchmarks.leave_out.folds import BY_COLLECTION, BY_SCAN, SHIPPED
from tests.benchmarks.leave_out.known_lesions import MIN_REACH_MM, lesions_of, operate
from tests.benchmarks.leave_out.seen_scan import Places, SeenScan, load_scans

RATES = (0.25, 0.5, 0.75, 1.0)  # false positives a scan that a threshold may give


def tables_of(scans: list[SeenScan]) -> Tables:
    """Inserted nodules are the reference; the lung's own lesions count for none."""
    nodules: list[ReferenceFinding] = []
    irrelevant: list[ReferenceFinding] = []
    candidate: list[Candidate] = []
    for scan in scans:
        nodules += _findings(scan.name, scan.inserted)
        ignore_regions = scan.ignore_regions.copy()
        ignore_regions[:, 3] = np.maximum(ignore_regions[:, 3], 2 * MIN_REACH_MM)
        irrelevant += _findings(
            scan.name, np.concatenate([scan.ignored, scan.known, ignore_regions])
        )
        score = expit(scan.scores)
        candidate += [
            Candidate(scan.name, (x, y, z), float(p))
            for (z, y, x), p in zip(scan.marks[:, :3].tolist(), score, strict=True)
        ]
    names = tuple(scan.name for scan in scans)
    return Tables(
        series_uids=names,
        nodules=tuple(nodules),
        irrelevant=tuple(irrelevant),
        candidates=tuple(candidate),
    )


def _findings(name: str, rows: Places) -> list[ReferenceFinding]:
    return [ReferenceFinding(name, (x, y, z), mm) for z, y, x, mm in rows.tolist()]


def lung_interval(scores: Scores, lungs: list[str]) -> Interval:
    """95 % interval of the mean sensitivity, whole lungs redrawn.

    Args:
        scores: of all scans.
        lungs: name of each scan's lung.
    """
    names, own = np.unique(lungs, return_inverse=True)
    drawn = [scores.curve(times=times[own]).cpm for times in times_drawn(len(names))]
    return percentile_interval(np.array(drawn))


def print_real(scans: list[SeenScan]) -> None:
    """Ranks, and what a threshold from the other scans gives."""
    for lesion in (item for scan in scans for item in lesions_of(scan)):
        outcome = f"rank {lesion.rank}, {lesion.off_mm:.1f} mm off" if lesion.rank else "MISSED"
        print(f"  {lesion.scan}: {lesion.diameter_mm:.0f} mm: {outcome}")
    if len(scans) < 2:
        return  # no other scan to take a threshold from
    for rate in RATES:
        for ignore_regions in (True, False):
            done = operate(scans, others_a_scan=rate, count_ignore_regions=ignore_regions)
            print(
                f"  threshold from the other scans, {rate:g} false positives a scan"
                f"{'' if ignore_regions else ', ignore regions not counted'}: {done.found} of "
                f"{done.of} found, {np.mean(done.others):.2f} others a scan {list(done.others)}"
            )


def print_inserted(scans: list[SeenScan]) -> dict[str, float]:
    """Mean sensitivity by lung, their mean, and with one threshold for all.

    The first is too kind, as each lung has a threshold of its own. The second is too strict where
    the lungs were read by several networks, whose scores are on no common scale.
    """
    lungs = [scan.lung for scan in scans]
    own = []
    for name in dict.fromkeys(lungs):
        curve = Scores.of(match_scans(tables_of([s for s in scans if s.lung == name]))).curve()
        own.append(curve.cpm)
        print(f"    {name:20s} {curve.cpm:.3f}, at 1 {curve.at([1.0])[0]:.3f}")
    scores = Scores.of(match_scans(tables_of(scans)))
    curve, (low, high) = scores.curve(), lung_interval(scores, lungs)
    at_one = float(curve.at([1.0])[0])
    print(
        f"  {len(own)} lungs, {len(scans)} hybrid scans, {scores.nodules.sum()} INSERTED: mean of "
        f"the lungs {np.mean(own):.3f}; one threshold {curve.cpm:.3f} [{low:.3f}, {high:.3f}], "
        f"at 1 false positive a scan {at_one:.3f}"
    )
    return {
        "mean_of_lungs": round(float(np.mean(own)), 3),
        "cpm": round(curve.cpm, 3),
        "cpm_lo": round(low, 3),
        "cpm_hi": round(high, 3),
        "sens_1fp": round(at_one, 3),
    }


def main() -> None:
    """Print both protocols, as far as their folds were read, and QIN by its one network."""
    out = Path(sys.argv[1])
    result: dict[str, dict[str, float]] = {}
    protocols = {"by_scan": BY_SCAN, "by_collection": BY_COLLECTION, "qin_by_one_network": ("qin",)}
    shipped = _read_by(out, (SHIPPED,))
    for what, folds in protocols.items():
        scans = _read_by(out, folds)
        if not scans:
            continue
        print(f"left out {what.replace('_', ' ')}")
        lungs = {scan.lung for scan in scans}
        several = len(folds) > 1  # else the shipped weights are no part of it
        others = [scan for scan in shipped if several and scan.lung not in lungs]
        print_real([scan for scan in scans if scan.as_it_is] + others)
        result[what] = print_inserted([scan for scan in scans if not scan.as_it_is])
    print("RESULT " + json.dumps(result))


def _read_by(out: Path, folds: Sequence[str]) -> list[SeenScan]:
    files = [out / f"{fold}.marks.npz" for fold in folds]
    return [scan for path in files if path.exists() for scan in load_scans(path)]


if __name__ == "__main__":
    main()
