"""``starlung models``: list, show, import, export, remove."""

from __future__ import annotations

import getpass
import re
import shutil
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.common import (
    all_models,
    fail,
    imported_models,
    model_called,
    site_store,
    starnet_called,
)
from app.cli.models_in_use import refuse_in_use
from medical.plain_text import one_line

if TYPE_CHECKING:
    from models.zoo.loader import StoredModel

MONAI_NAME = "monai-lung-nodule"


class ExportFormat(StrEnum):
    """How a model leaves this machine."""

    STARLUNG = "starlung"
    ONE_FILE = "one-file"
    MONAI_BUNDLE = "monai-bundle"


models = typer.Typer(
    help="Models at hand: list, show, import, export, remove.", no_args_is_help=True
)


@models.command("list")
def list_() -> None:
    """Name every model with its version and operating point."""
    from models.zoo.loader import SHIPPED
    from models.zoo.starnet_card import SHIPPED_STARNET, StarNetDamagedError, read_card
    from models.zoo.starnets import list_starnets

    for model in all_models():
        origin = "shipped" if model.folder.parent == SHIPPED else "imported"
        card = model.card
        typer.echo(f"{card.name}  {card.version}  {origin}  operating point {card.operating_point}")
    for folder in list_starnets(imported=imported_models()):
        try:
            starnet = read_card(folder)
        except StarNetDamagedError as error:
            typer.echo(f"{folder.name}  damaged  {error}")
            continue
        origin = "shipped" if folder == SHIPPED_STARNET else "imported"
        by = "ratings, then outcomes" if starnet.outcomes else "ratings"
        typer.echo(f"{starnet.name}  {starnet.version}  {origin}  StarNet, taught on {by}")


@models.command()
def show(name: Annotated[str, typer.Argument(help="Name of a model, or its folder.")]) -> None:
    """Print a model's card, after checking its weights."""
    if _is_starnet(name):
        from models.zoo.starnet_card import read_card

        typer.echo(read_card(starnet_called(name)).model_dump_json(indent=2))
        return
    typer.echo(model_called(name).card.model_dump_json(indent=2))


@models.command("import")
def import_(
    path: Annotated[
        Path, typer.Argument(help="Folder of a retrained model, or a MONAI bundle (folder or zip).")
    ],
    name: Annotated[
        str, typer.Option(help="Name of the model that a MONAI bundle becomes.")
    ] = MONAI_NAME,
    reason: Annotated[
        str | None,
        typer.Option(
            help="Why a model is installed that its gate kept back; goes to the audit trail."
        ),
    ] = None,
) -> None:
    """Add a retrained model, a StarNet or a MONAI bundle lung_nodule_ct_detection to the models."""
    from models.zoo.loader import CARD, WEIGHTS
    from models.zoo.monai_bundle import is_bundle
    from models.zoo.starnets import is_starnet

    if not path.exists():
        fail(f"{path}: there is no such folder or file. Check the path.")
    _check_reason(reason)
    if is_starnet(path):
        _import_starnet(path, reason)
        return
    if is_bundle(path):
        _import_bundle(path, name)
        return
    if (path / "models" / CARD).is_file():  # a bundle that `models export` wrote
        path = path / "models"
    if not all((path / part).is_file() for part in (WEIGHTS, CARD)):
        fail(
            f"{path}: neither {WEIGHTS} and {CARD} nor a bundle's models/model.pt are in it. Give "
            "the folder of a retrained model or a MONAI bundle."
        )
    model = model_called(str(path))
    _check_name(path, model.card.name)
    _check_fit(model)
    _refuse_without_reason(path, model.card.kept_back, reason)
    _record(model.card.name, reason)

    _add(path, model.card.name, model.copy_to)


def _check_reason(reason: str | None) -> None:
    from medical.training.own_decision import MAX_REASON

    if reason is not None and not 1 <= len(reason.strip()) <= MAX_REASON:
        fail(f"--reason: must have 1 to {MAX_REASON} characters, and must name no patient.")


def _refuse_without_reason(folder: Path, kept_back: str, reason: str | None) -> None:
    """End the program where a gate kept the model back and no reason is given."""
    if kept_back and reason is None:
        fail(
            f"{folder}: the gate did not let it replace the old one: {one_line(kept_back)}. Hold "
            "out more CTs, or install it by your own decision: add --reason TEXT, which goes to "
            "the audit trail."
        )


def _record(name: str, reason: str | None) -> None:
    if reason is None:
        return
    from medical.training.own_decision import record_decision

    store = site_store()
    try:
        record_decision(store, name, reason, actor=getpass.getuser())
    finally:
        store.close()


def _is_starnet(name: str) -> bool:
    """Tell a StarNet's name or folder from a detector's, be its files whole or damaged."""
    from models.zoo.starnets import DEFAULT_STARNET, is_starnet

    return name == DEFAULT_STARNET or bool(_own_starnet(name)) or is_starnet(Path(name))


def _own_starnet(name: str) -> Path | None:
    """Return the folder of the imported StarNet of that name, be its files whole or damaged."""
    from models.zoo.starnets import list_starnets

    own = list_starnets(imported=imported_models())[1:]
    return next((folder for folder in own if folder.name == name), None)


def _import_starnet(path: Path, reason: str | None) -> None:
    from models.zoo.starnet_card import read_card
    from models.zoo.starnets import install_starnet

    card = read_card(starnet_called(str(path)))
    name = card.name
    _check_name(path, name)
    _refuse_without_reason(path, card.kept_back, reason)
    _record(name, reason)
    try:
        install_starnet(path, imported_models(make=True))
    except OSError as error:
        fail(f"{error.filename or path}: {error.strerror}. Check STARLUNG_WORK_DIR.")
    typer.echo(f"{name} imported")


def _import_bundle(path: Path, name: str) -> None:
    from models.zoo.imported_bundle import write_model
    from models.zoo.loader import DEFAULT_MODEL
    from models.zoo.monai_bundle import BundleError, read_bundle

    _check_name(path, name)
    try:
        bundle = read_bundle(path)
    except BundleError as error:
        fail(f"{path}: {error}")
    parent = model_called(DEFAULT_MODEL)
    _add(path, name, lambda folder: write_model(bundle, folder, name=name, parent=parent))
    typer.echo(f"Its probabilities are not calibrated. Score with: starlung score --model {name}")


@models.command()
def export(
    name: Annotated[str, typer.Argument(help="Name of a model, or its folder.")],
    out: Annotated[Path, typer.Option(help="Folder, or one file, that does not exist yet.")],
    format_: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            help="starlung: weights and card. one-file: it scores alone. monai-bundle: for MONAI.",
        ),
    ] = ExportFormat.STARLUNG,
) -> None:
    """Write a model's weights and card, or its MONAI bundle, into a new folder; or one file."""
    by_name = format_ is ExportFormat.STARLUNG and _is_starnet(name)
    starnet = starnet_called(name) if by_name else None
    model = None if starnet else model_called(name)
    if out.exists():
        fail(f"{out}: is there already. Give a name that does not exist.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".export-", dir=out.parent) as work:
            beside = Path(work) / out.name
            if model is not None:
                _write_export(model, beside, format_)
            elif starnet is not None:
                shutil.copytree(starnet, beside)
            beside.rename(out)
    except OSError as error:
        fail(f"{error.filename or out}: {error.strerror}. Give another --out.")
    what = f"{model.card.name} {model.card.version}" if model else name
    typer.echo(f"{what} exported to {out}")


def _write_export(model: StoredModel, path: Path, format_: ExportFormat) -> None:
    """Write an export as a folder, or a file, that is not there yet."""
    if format_ is ExportFormat.ONE_FILE:
        from models.zoo.single_file import FILE_SUFFIX, ModelFileError, pack

        if path.suffix != FILE_SUFFIX:
            fail(f"{path.name}: one file is called NAME{FILE_SUFFIX}. Give such a name to --out.")
        try:
            pack(model, path)
        except ModelFileError as error:
            fail(f"{error}. Compress it first, or export it as starlung.")
    elif format_ is ExportFormat.MONAI_BUNDLE:
        from medical.scoring.monai_bundle import write_bundle

        write_bundle(model, path)
    else:
        path.mkdir()
        model.copy_to(path)


def _check_name(path: Path, name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):  # it becomes a folder's name
        fail(f"{path}: '{name}' cannot be a model's name. Use letters, digits, dots and dashes.")
    if name in {other.card.name for other in all_models()} or _is_starnet(name):
        fail(f"a model called '{name}' is there already. Remove it first.")


def _add(path: Path, name: str, write: Callable[[Path], None]) -> None:
    """Add a model's folder; it appears only when all of it is complete."""
    try:
        target = imported_models(make=True) / name
        with TemporaryDirectory(prefix=".import-", dir=target.parent) as work:
            beside = Path(work) / name
            beside.mkdir()
            write(beside)
            beside.rename(target)
    except OSError as error:
        fail(f"{error.filename or path}: {error.strerror}. Check STARLUNG_WORK_DIR.")
    typer.echo(f"{name} imported")


def _check_fit(model: StoredModel) -> None:
    """Build the networks once, so that weights of another kind are refused now, not at night."""
    from safetensors import SafetensorError

    from models.zoo.networks import load_networks, load_retinanet

    try:
        load_retinanet(model) if model.card.has_retinanet else load_networks(model)
    except (SafetensorError, RuntimeError, TypeError, KeyError, ValueError):
        fail(f"{model.folder}: the weights do not fit the networks that the card describes.")


@models.command()
def remove(name: Annotated[str, typer.Argument(help="Name of an imported model.")]) -> None:
    """Delete an imported model; shipped ones stay, and so does what the site scores with."""
    imported = imported_models()
    refuse_in_use(name)
    if (starnet := _own_starnet(name)) is not None:
        shutil.rmtree(starnet)
        typer.echo(f"{name} removed")
        return
    for model in all_models():
        if model.card.name == name and model.folder.parent == imported:
            shutil.rmtree(model.folder)
            typer.echo(f"{name} removed")
            return
    fail(f"no imported model is called '{name}'. Shipped models cannot be removed.")
