"""``starlung models``: list, show, import, remove."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.common import all_models, fail, imported_models, model_called

if TYPE_CHECKING:
    from models.zoo.loader import StoredModel

models = typer.Typer(help="Models at hand: list, show, import, remove.", no_args_is_help=True)


@models.command("list")
def list_() -> None:
    """Name every model with its version and operating point."""
    from models.zoo.loader import SHIPPED

    for model in all_models():
        origin = "shipped" if model.folder.parent == SHIPPED else "imported"
        card = model.card
        typer.echo(f"{card.name}  {card.version}  {origin}  operating point {card.operating_point}")


@models.command()
def show(name: Annotated[str, typer.Argument(help="Name of a model, or its folder.")]) -> None:
    """Print a model's card, after checking its weights."""
    typer.echo(model_called(name).card.model_dump_json(indent=2))


@models.command("import")
def import_(path: Annotated[Path, typer.Argument(help="Folder with weights and card.")]) -> None:
    """Copy a model folder (weights.safetensors and card.json) to this machine's models."""
    from models.zoo.loader import CARD, WEIGHTS

    if not all((path / part).is_file() for part in (WEIGHTS, CARD)):
        fail(f"{path}: no {WEIGHTS} and {CARD} in it. Give the folder of a retrained model.")
    model = model_called(str(path))
    name = model.card.name
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):  # it becomes a folder's name
        fail(f"{path}: '{name}' cannot be a model's name. Use letters, digits, dots and dashes.")
    if name in {other.card.name for other in all_models()}:
        fail(f"a model called '{name}' is there already. Remove it first.")
    _check_fit(model)
    try:
        _copy(path, imported_models(make=True) / name, (WEIGHTS, CARD))
    except OSError as error:
        fail(f"{error.filename or path}: {error.strerror}. Check STARLUNG_WORK_DIR.")
    typer.echo(f"{name} imported")


def _check_fit(model: StoredModel) -> None:
    """Build the networks once, so that weights of another kind are refused now, not at night."""
    from safetensors import SafetensorError

    from models.zoo.networks import load_networks

    try:
        load_networks(model)
    except (SafetensorError, RuntimeError, TypeError, KeyError, ValueError):
        fail(f"{model.folder}: the weights do not fit the networks that the card describes.")


def _copy(source: Path, target: Path, parts: tuple[str, ...]) -> None:
    """Copy the parts; the target appears only when all of them are complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".import-", dir=target.parent) as work:
        beside = Path(work) / target.name
        beside.mkdir()
        for part in parts:
            shutil.copyfile(source / part, beside / part)
        beside.rename(target)


@models.command()
def remove(name: Annotated[str, typer.Argument(help="Name of an imported model.")]) -> None:
    """Delete an imported model; shipped ones stay."""
    imported = imported_models()
    for model in all_models():
        if model.card.name == name and model.folder.parent == imported:
            shutil.rmtree(model.folder)
            typer.echo(f"{name} removed")
            return
    fail(f"no imported model is called '{name}'. Shipped models cannot be removed.")
