"""``starlung evaluate``: FROC and CPM by the LUNA16 protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.common import fail
from medical.errors import InputError
from medical.plain_text import counted


def evaluate(
    *,
    truth: Annotated[Path, typer.Option(help="reference nodules, LUNA16's annotations.csv")],
    series: Annotated[Path, typer.Option(help="every scan that counts, one series UID a line")],
    predictions: Annotated[Path, typer.Option(help="candidates, as 'starlung score' writes them")],
    out: Annotated[Path, typer.Option(help="folder for evaluation.json and the plots")],
    excluded: Annotated[
        Path | None, typer.Option(help="irrelevant findings, annotations_excluded.csv(.gz)")
    ] = None,
    operating_point: Annotated[
        float | None,
        typer.Option(help="threshold of the findings; adds what happens there", min=0, max=1),
    ] = None,
    bootstraps: Annotated[int, typer.Option(help="draws by scan", min=1)] = 1000,
    seed: Annotated[int, typer.Option(help="of the draws", min=0)] = 0,
) -> None:
    """Compare candidates with the reference: sensitivity, false positives per scan, CPM."""
    # Late: the other commands' help must not wait for numpy.
    from medical.evaluation.evaluate import evaluate_tables, write_report
    from medical.evaluation.tables import read_tables

    try:
        tables = read_tables(truth=truth, excluded=excluded, series=series, predictions=predictions)
        report = evaluate_tables(
            tables, operating_point=operating_point, bootstraps=bootstraps, seed=seed
        )
        files = write_report(report, out)
    except InputError as error:
        fail(str(error))
    result = report.evaluation
    for warning in result.warnings:
        typer.echo(f"Warning: {warning}", err=True)
    typer.echo("False positives per scan   " + "  ".join(f"{k:>5}" for k in result.sensitivity))
    values = [f"{'-' if v is None else format(v, '.3f'):>5}" for v in result.sensitivity.values()]
    typer.echo("Sensitivity                " + "  ".join(values))
    if result.cpm is not None:
        low, high = result.cpm_ci95 or (float("nan"), float("nan"))
        typer.echo(f"CPM {result.cpm:.3f}, 95 % interval {low:.3f} to {high:.3f} (by scan)")
    typer.echo(
        f"{result.found} of {counted(result.nodules, 'nodule')} found in "
        f"{counted(result.scans, 'scan')}, "
        f"{result.false_positives} false positives, ignored {result.ignored_irrelevant} on "
        f"irrelevant findings and {result.ignored_double} doubles"
    )
    for file in files:
        typer.echo(str(file))
