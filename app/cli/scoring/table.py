"""What ``starlung score`` prints: the findings of each series, and how the run ended."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from medical.plain_text import counted
from medical.review.interval_text import probability_text

if TYPE_CHECKING:
    from medical.detection.findings import Finding, SeriesFindings
    from medical.scoring.batches.tally import ScoredSeries, ScoreResult

_WIDTH_WHEN_PIPED = 1000  # a line is as long as its sentence: whoever reads it may search it


def _console() -> Console:
    terminal = Console(highlight=False)
    if terminal.is_terminal:
        return terminal
    return Console(highlight=False, width=_WIDTH_WHEN_PIPED, color_system=None)


def show_series(scored: ScoredSeries, *, already: bool = False, verbose: bool = False) -> None:
    """Print a series' findings and the notes on its quality to standard output.

    Args:
        scored: the series.
        already: its result was there before this run.
        verbose: say how long each stage took, and what ran the networks.
    """
    console, findings = _console(), scored.findings

    def line(text: str) -> None:
        console.print(text, markup=False)

    line(_title(findings, already=already))
    for finding in findings.findings:
        for text in _lines(finding):
            line(text)
    if scored.why_chosen:
        line(f"read: {scored.why_chosen}")
    line(_origin(findings))
    if verbose:
        spent = findings.seconds.model_dump().items()
        stages = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in spent)
        line(f"by {_runtime(findings)}: {stages}")
    if findings.searched is not None:
        line(
            f"searched: left lung {_share(findings.searched.left)}, "
            f"right lung {_share(findings.searched.right)}"
        )
    for note in findings.quality:
        line(f"{note.severity}: {note.message}")
    line("")


def show_end(
    result: ScoreResult, out: Path | str, *, seconds: float, others: Mapping[str, int]
) -> None:
    """Print what was passed over, and how the run ended.

    Args:
        result: of the run.
        out: where its results are.
        seconds: that it took.
        others: results in the same folder that other models gave, by their names.
    """
    console = _console()

    def line(text: str) -> None:
        console.print(text, markup=False)

    for name, reason in result.not_chosen:
        line(f"not scored: {name}: {reason}")
    for name, reason in result.not_written:
        line(f"not written: {name}: {reason}")
    for model, count in others.items():
        line(
            f"mixed: {counted(count, 'result')} in this folder, not of this run, by {model}: "
            "predictions.csv holds both models'. Score them again, or into a folder of their own."
        )
    if not result.series:
        return
    counts = [f"{len(result.series) - result.already} scored"]
    counts += [f"{result.already} there already"] if result.already else []
    counts += [f"{len(result.errors)} failed"] if result.errors else []
    counts += [f"{len(result.not_chosen)} passed over"] if result.not_chosen else []
    line(f"{', '.join(counts)}, {seconds:.0f} s. Results are in {out}. Research use only.")


def _lines(finding: Finding) -> tuple[str, str, str]:
    """Everything about a finding in at most 80 columns, every measure with its 95 % interval."""
    x, y, z = finding.center_lps_mm
    probability = _probability(finding.probability, finding.probability_ci95)
    diameter = _measured(finding.diameter_mm, finding.diameter_ci95, digits=1)
    volume = _measured(finding.volume_mm3, finding.volume_ci95, digits=0)
    rated = ""
    if finding.malignancy is not None:
        risk = _measured(finding.malignancy.risk, finding.malignancy.ci95, digits=2)
        rated = f"   malignancy {risk}"
    return (
        f"{finding.id:>2}  probability {probability}   diameter {diameter} mm",
        f"    volume {volume} mm3{rated}",
        f"    {finding.density}, {finding.location}, slice {finding.slice_number}, "
        f"LPS {x:.1f}, {y:.1f}, {z:.1f} mm",
    )


def _title(findings: SeriesFindings, *, already: bool) -> str:
    count = len(findings.findings)
    if count == 0:
        what = "no finding reaches the operating point"
        if not findings.negative:
            what += " in what was searched: NOT a negative result, see the notes below"
    else:
        what = counted(count, "finding")
    earlier = " (scored earlier)" if already else ""
    return f"Series {findings.series_instance_uid}: {what}{earlier}"


def _runtime(findings: SeriesFindings) -> str:
    runtime = findings.runtime
    return f"{runtime.name} on {runtime.device}, {runtime.precision}" if runtime else "unknown"


def _share(share: float | None) -> str:
    return "unknown" if share is None else f"{share:.0%}"


def _origin(findings: SeriesFindings) -> str:
    seconds = sum(findings.seconds.model_dump().values())
    return (
        f"{findings.model.name} {findings.model.version}, operating point "
        f"{findings.operating_point:g}, {counted(findings.samples, 'sample')}, "
        f"{seconds:.1f} s; "
        "[ ] is a 95 % interval"
        + (_meaning(findings) if any(finding.malignancy for finding in findings.findings) else "")
    )


def _meaning(findings: SeriesFindings) -> str:
    rates = findings.malignancy_model
    if rates is None or rates.outcomes is None:
        return (
            "; malignancy: the rating that radiologists would give, 0 to 1, taught on ratings, "
            "not on pathology"
        )
    return (
        f"; malignancy by {rates.name}, 0 to 1: taught on ratings, then on "
        f"{counted(rates.outcomes.findings, 'finding')} of this site whose outcome is known"
    )


def _probability(value: float, interval: tuple[float, float]) -> str:
    low, high = map(probability_text, interval)
    return f"{probability_text(value)} [{low}, {high}]"


def _measured(value: float, interval: tuple[float, float], *, digits: int) -> str:
    low, high = interval
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
