"""What ``starlung score`` prints: a findings table for each series."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from medical.plain_text import counted
from medical.review.terms import probability_text

if TYPE_CHECKING:
    from medical.detection.findings import Finding, SeriesFindings
    from medical.scoring.tally import ScoreResult

_COLUMNS = (
    "#",
    "probability",
    "slice",
    "LPS mm (x, y, z)",
    "diameter mm",
    "volume mm3",
    "density",
    "location",
    "malignancy",
)
_WIDTH_WHEN_PIPED = 160


def show(result: ScoreResult, out: Path | str) -> None:
    """Print tables, quality notes and what was passed over to standard output."""
    terminal = Console(highlight=False)
    console = (
        terminal
        if terminal.is_terminal
        else Console(highlight=False, width=_WIDTH_WHEN_PIPED, color_system=None)
    )

    def line(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    for series in result.series:
        findings = series.findings
        line(_title(findings))
        if findings.findings:
            console.print(findings_table(findings))
        if series.why_chosen:
            line(f"read: {series.why_chosen}")
        line(_origin(findings))
        if findings.searched is not None:
            line(
                f"searched: left lung {_share(findings.searched.left)}, "
                f"right lung {_share(findings.searched.right)}"
            )
        for note in findings.quality:
            line(f"{note.severity}: {note.message}")
        line("")
    for name, reason in result.not_chosen:
        line(f"not scored: {name}: {reason}")
    for name, reason in result.not_written:
        line(f"not written: {name}: {reason}")
    if result.series:
        line(f"Results are in {out}. Research use only.")


def findings_table(findings: SeriesFindings) -> Table:
    """One row a finding, every measure with its 95 % interval."""
    table = Table()
    for column in _COLUMNS:
        table.add_column(column)
    for finding in findings.findings:
        table.add_row(*_cells(finding))
    return table


def _title(findings: SeriesFindings) -> str:
    count = len(findings.findings)
    if count == 0:
        what = "no finding reaches the operating point"
        if not findings.negative:
            what += " in what was searched: NOT a negative result, see the notes below"
    else:
        what = counted(count, "finding")
    return f"Series {findings.series_instance_uid}: {what}"


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


def _cells(finding: Finding) -> tuple[str, ...]:
    x, y, z = finding.center_lps_mm
    return (
        str(finding.id),
        _probability(finding.probability, finding.probability_ci95),
        str(finding.slice_number),
        f"{x:.1f}, {y:.1f}, {z:.1f}",
        _measured(finding.diameter_mm, finding.diameter_ci95, digits=1),
        _measured(finding.volume_mm3, finding.volume_ci95, digits=0),
        finding.density,
        finding.location,
        _malignancy(finding),
    )


def _probability(value: float, interval: tuple[float, float]) -> str:
    low, high = map(probability_text, interval)
    return f"{probability_text(value)} \\[{low}, {high}]"


def _malignancy(finding: Finding) -> str:
    if finding.malignancy is None:
        return ""
    return _measured(finding.malignancy.risk, finding.malignancy.ci95, digits=2)


def _measured(value: float, interval: tuple[float, float], *, digits: int) -> str:
    low, high = interval
    return f"{value:.{digits}f} \\[{low:.{digits}f}, {high:.{digits}f}]"
