"""``starlung score``: CTs in, findings out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

if TYPE_CHECKING:
    from medical.scoring.score import ScoredSeries, ScoreResult

_STAGES = {
    "read": "reading the images",
    "prepare": "finding the lungs",
    "detect": "looking for nodules",
    "refine": "looking again at each candidate",
    "measure": "measuring",
    "write": "writing results",
}
OK, WRONG_USE, SOME_FAILED, NONE_SCORED = 0, 2, 3, 4


def score(
    inputs: Annotated[
        list[Path],
        typer.Argument(help="DICOM file, folder, zip, DICOMDIR, .nii.gz, .nrrd or .mhd."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the results.")],
    model: Annotated[str, typer.Option(help="Model name, or folder of a retrained one.")] = (
        "starlung-base"
    ),
    passes: Annotated[int, typer.Option(min=2, max=512, help="Dropout samples.")] = 32,
    resume: Annotated[bool, typer.Option(help="Leave series alone that are already done.")] = False,
) -> None:
    """Score CTs: OUT/predictions.csv, and OUT/SERIES/findings.json for each series.

    Ends with 0 when all were scored, 3 when some could not be, 4 when none could.
    """
    from app.settings import settings
    from medical.scoring.score import score_paths
    from models.zoo.loader import ModelDamagedError, ModelNotFoundError

    errors = Console(stderr=True, soft_wrap=True, highlight=False)
    if out.exists() and not out.is_dir():
        errors.print(f"{out}: this is a file. Give a folder to --out.", markup=False)
        raise typer.Exit(WRONG_USE)
    columns = (TextColumn("{task.description}"), BarColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        try:
            result = score_paths(
                inputs,
                out=out,
                model=model,
                passes=passes,
                resume=resume,
                imported=settings().work_dir / "models",
                progress=lambda stage, share: bar.update(
                    task, description=_STAGES.get(stage, stage), completed=share
                ),
            )
        except (ModelNotFoundError, ModelDamagedError) as error:
            errors.print(str(error), markup=False)
            raise typer.Exit(WRONG_USE) from error
        except OSError as error:
            errors.print(f"{error.filename or out}: {error.strerror}.", markup=False)
            raise typer.Exit(NONE_SCORED) from error
    for problem in result.errors:
        errors.print(str(problem), markup=False)
    _show(result, out)
    raise typer.Exit(_exit_code(result))


def _exit_code(result: ScoreResult) -> int:
    if not result.series:
        return NONE_SCORED
    return SOME_FAILED if result.errors else OK


def _show(result: ScoreResult, out: Path) -> None:
    terminal = Console(highlight=False)
    console = terminal if terminal.is_terminal else Console(highlight=False, width=150)
    for series in result.series:
        console.print(_table(series))
        for note in series.findings.quality:
            console.print(f"{note.severity}: {note.message}", markup=False, soft_wrap=True)
    for name, reason in result.not_chosen:
        console.print(f"not scored: {name}: {reason}", markup=False, soft_wrap=True)
    if result.series:
        console.print(f"Results are in {out}. Research use only.", markup=False, soft_wrap=True)


def _table(scored: ScoredSeries) -> Table:
    findings = scored.findings
    seconds = sum(findings.seconds.model_dump().values())
    title = f"Series {findings.series_instance_uid}: {len(findings.findings)} findings"
    caption = (
        f"{findings.model.name} {findings.model.version}, operating point "
        f"{findings.operating_point:g}, {seconds:.1f} s; [ ] is a 95 % interval"
    )
    table = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
    heads = ("#", "probability", "slice", "LPS mm (x, y, z)", "diameter mm", "volume mm3")
    for head in (*heads, "density", "location"):
        table.add_column(head)
    for f in findings.findings:
        low, high = f.probability_ci95
        x, y, z = f.center_lps_mm
        table.add_row(
            str(f.id),
            f"{f.probability:.2f} \\[{low:.2f}, {high:.2f}]",
            str(f.slice_number),
            f"{x:.1f}, {y:.1f}, {z:.1f}",
            f"{f.diameter_mm:.1f} \\[{f.diameter_ci95[0]:.1f}, {f.diameter_ci95[1]:.1f}]",
            f"{f.volume_mm3:.0f} \\[{f.volume_ci95[0]:.0f}, {f.volume_ci95[1]:.0f}]",
            f.density,
            f.location,
        )
    return table
