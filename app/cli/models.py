"""``starlung models``: list, show, import, remove."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, NoReturn

import typer

models = typer.Typer(help="Models at hand.", no_args_is_help=True)


def _imported() -> Path:
    from app.settings import settings

    return settings().work_dir / "models"


def _fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(2)


@models.command("list")
def list_() -> None:
    """Name every model with its version and operating point."""
    from models.zoo.loader import SHIPPED, list_models

    for model in list_models(imported=_imported()):
        origin = "shipped" if model.folder.parent == SHIPPED else "imported"
        card = model.card
        typer.echo(f"{card.name}  {card.version}  {origin}  operating point {card.operating_point}")


@models.command()
def show(name: Annotated[str, typer.Argument(help="Name of a model.")]) -> None:
    """Print a model's card."""
    from models.zoo.loader import ModelDamagedError, ModelNotFoundError, find_model

    try:
        typer.echo(find_model(name, imported=_imported()).card.model_dump_json(indent=2))
    except (ModelNotFoundError, ModelDamagedError) as error:
        _fail(str(error))


@models.command("import")
def import_(path: Annotated[Path, typer.Argument(help="Folder with weights and card.")]) -> None:
    """Copy a model folder (weights.safetensors and card.json) to this machine's models."""
    from models.zoo.loader import CARD, WEIGHTS, ModelDamagedError, find_model, list_models

    if not all((path / part).is_file() for part in (WEIGHTS, CARD)):
        _fail(f"{path}: no {WEIGHTS} and {CARD} in it. Give the folder of a retrained model.")
    try:
        model = find_model(str(path))
    except (ModelDamagedError, ValueError) as error:
        _fail(f"{path}: {error}")
    if model.card.name in {other.card.name for other in list_models(imported=_imported())}:
        _fail(f"a model called '{model.card.name}' is there already. Remove it first.")
    folder = _imported() / model.card.name
    shutil.copytree(path, folder)
    typer.echo(f"{model.card.name} imported")


@models.command()
def remove(name: Annotated[str, typer.Argument(help="Name of an imported model.")]) -> None:
    """Delete an imported model; shipped ones stay."""
    from models.zoo.loader import list_models

    for model in list_models(imported=_imported()):
        if model.card.name == name and model.folder.parent == _imported():
            shutil.rmtree(model.folder)
            typer.echo(f"{name} removed")
            return
    _fail(f"no imported model is called '{name}'. Shipped models cannot be removed.")
