"""Evaluate a detector by the LUNA16 protocol and write ``evaluation.json`` and its plots.

Beside the FROC curve: sensitivity by size, what happens at the operating point, and whether the
probabilities mean what they say.

Source:
    Guo et al., ICML 2017, "On calibration of modern neural networks" (ECE with equal-width bins).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from medical.errors import InputError
from medical.evaluation.froc import (
    FALSE_POSITIVES_PER_SCAN,
    Bootstrap,
    FrocCurve,
    ScanMatch,
    Scores,
    bootstrap,
    match_scans,
)
from medical.evaluation.intervals import DRAWS, share_interval
from medical.evaluation.result import (
    Calibration,
    CurvePoint,
    Evaluation,
    OperatingPoint,
    ReliabilityBin,
    SizeBin,
)
from medical.evaluation.tables import Tables

# Where Lung-RADS v2022 changes its advice for solid nodules at baseline: 6, 8 and 15 mm.
SIZE_LIMITS_MM: tuple[float, ...] = (0.0, 6.0, 8.0, 15.0, math.inf)
BINS = 10


def size_bins(scans: Sequence[ScanMatch], *, threshold: float | None = None) -> list[SizeBin]:
    """Nodules and found nodules by diameter; a limit belongs to the bin above it."""
    outcomes = [
        (nodule.diameter_mm, score)
        for scan in scans
        for nodule, score in zip(scan.nodules, scan.found_at, strict=True)
    ]
    table = []
    for low, high in pairwise(SIZE_LIMITS_MM):
        scores = [score for diameter, score in outcomes if low <= diameter < high]
        found_scores = [score for score in scores if score is not None]
        table.append(
            SizeBin(
                diameter_from_mm=low,
                diameter_to_mm=None if math.isinf(high) else high,
                nodules=len(scores),
                found=len(found_scores),
                sensitivity=len(found_scores) / len(scores) if scores else None,
                found_at_operating_point=None
                if threshold is None
                else sum(score >= threshold for score in found_scores),
            )
        )
    return table


def at_operating_point(scans: Sequence[ScanMatch], *, threshold: float) -> OperatingPoint:
    """Sensitivity, false positives per scan, and nodule-free scans without any candidate."""
    scores = [score for scan in scans for score in scan.found_at]
    found_count = sum(score is not None and score >= threshold for score in scores)
    false = sum(score >= threshold for scan in scans for score in scan.false_positives)
    free = [scan for scan in scans if not scan.nodules]
    unmarked = sum(scan.strongest is None or scan.strongest < threshold for scan in free)
    return OperatingPoint(
        threshold=threshold,
        sensitivity=found_count / len(scores) if scores else None,
        false_positives_per_scan=false / len(scans),
        nodule_free_scans=len(free),
        unmarked_nodule_free_scans=unmarked,
        unmarked_share=unmarked / len(free) if free else None,
        unmarked_share_ci95=share_interval(unmarked, len(free)) if free else None,
    )


def measure_calibration(scores: Scores, *, bins: int = BINS) -> Calibration | None:
    """Measure the reliability of the candidates that count.

    These are the strongest candidate of each found nodule, and the false positives.
    ``None`` when there are no candidates or the scores are no probabilities (outside 0..1).
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
                candidates=count,
                mean_probability=float(p[inside].mean()) if count else None,
                share_nodules=float(scores.is_nodule[inside].mean()) if count else None,
            )
        )
    gaps = [
        row.candidates * abs(row.mean_probability - row.share_nodules)
        for row in table
        if row.mean_probability is not None and row.share_nodules is not None
    ]
    return Calibration(
        expected_calibration_error=sum(gaps) / len(p), candidates=len(p), reliability=table
    )


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationReport:
    """The numbers, and what the plots are drawn from."""

    evaluation: Evaluation
    curve: FrocCurve
    band: Bootstrap


def evaluate_tables(
    tables: Tables,
    *,
    operating_point: float | None = None,
    bootstraps: int = DRAWS,
    seed: int = 0,
) -> EvaluationReport:
    """Evaluate candidates against the reference.

    Args:
        tables: from :func:`medical.evaluation.tables.read_tables`, or made in memory.
        operating_point: threshold of ``findings.json``; adds what happens there.
        bootstraps: draws by scan, >= 1.
        seed: of the draws.

    Raises:
        ValueError: no scans are listed, or ``bootstraps`` is not positive.
    """
    if not tables.series_uids:
        raise ValueError("series_uids must name at least one scan, got none")
    scans = match_scans(tables)
    scores = Scores.of(scans)
    curve = scores.curve()
    band = bootstrap(scores, draws=bootstraps, seed=seed)
    nodules = int(scores.nodules.sum())
    values = curve.at(FALSE_POSITIVES_PER_SCAN)
    evaluation = Evaluation(
        sensitivity={
            f"{rate:g}": float(value) if nodules else None
            for rate, value in zip(FALSE_POSITIVES_PER_SCAN, values, strict=True)
        },
        cpm=curve.cpm if nodules else None,
        cpm_ci95=band.cpm_ci95,
        scans=len(scans),
        nodules=nodules,
        found=int(np.count_nonzero(scores.is_nodule)),
        false_positives=int(np.count_nonzero(~scores.is_nodule)),
        ignored_irrelevant=sum(scan.ignored_irrelevant for scan in scans),
        ignored_double=sum(scan.ignored_double for scan in scans),
        bootstraps=bootstraps,
        seed=seed,
        curve=_points(curve, band) if nodules else [],
        size_bins=size_bins(scans, threshold=operating_point),
        operating_point=None
        if operating_point is None
        else at_operating_point(scans, threshold=operating_point),
        calibration=measure_calibration(scores),
        warnings=list(tables.warnings),
    )
    return EvaluationReport(evaluation, curve, band)


def _points(curve: FrocCurve, band: Bootstrap) -> list[CurvePoint]:
    columns = (band.grid, curve.at(band.grid), band.low, band.high)
    return [
        CurvePoint(
            false_positives_per_scan=rate,
            sensitivity=value,
            sensitivity_ci95=None if band.cpm_ci95 is None else (low, high),
        )
        for rate, value, low, high in zip(*(column.tolist() for column in columns), strict=True)
    ]


def write_report(report: EvaluationReport, out: Path) -> list[Path]:
    """Write ``evaluation.json``, ``froc.png`` and, for probabilities, ``reliability.png``.

    Raises:
        InputError: the folder cannot be written.
    """
    # Late: matplotlib takes a second, and callers in memory never plot.
    from medical.evaluation.plots import plot_froc, plot_reliability

    try:
        out.mkdir(parents=True, exist_ok=True)
        files = [out / "evaluation.json"]
        text = report.evaluation.model_dump_json(indent=2)
        files[0].write_text(text + "\n", encoding="utf-8")
        if report.evaluation.nodules:
            files.append(out / "froc.png")
            plot_froc(report.curve, report.band, report.evaluation, files[-1])
        if report.evaluation.calibration is not None:
            files.append(out / "reliability.png")
            plot_reliability(report.evaluation.calibration, files[-1])
    except OSError as error:
        raise InputError(
            out, f"cannot be written ({error.strerror or error})", "Choose another folder for --out"
        ) from error
    return files
