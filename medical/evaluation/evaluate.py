"""Evaluate a detector by the LUNA16 protocol and write ``evaluation.json`` and its plots."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medical.errors import InputError
from medical.evaluation.breakdown import at_operating_point, size_bins
from medical.evaluation.calibration import measure_calibration
from medical.evaluation.froc import (
    FALSE_POSITIVES_PER_SCAN,
    Bootstrap,
    FrocCurve,
    Scores,
    bootstrap,
)
from medical.evaluation.intervals import DRAWS
from medical.evaluation.matching import match_scans
from medical.evaluation.result import CurvePoint, Evaluation
from medical.evaluation.tables import Tables


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
    """Evaluate marks against the reference.

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
        for rate, value, low, high in zip(*(one.tolist() for one in columns), strict=True)
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
