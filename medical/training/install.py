"""Put a model that passed the gate where the program finds it by name."""

from __future__ import annotations

import shutil
from pathlib import Path

from models.zoo.loader import CARD, StoredModel, find_model


def install(folder: Path, models: Path, *, replaced: StoredModel | None, archive: Path) -> Path:
    """Copy a model among the imported ones, and move the one that it replaces away.

    A shipped model, or one given by its folder, stays where it is: only what lies in ``models`` is
    moved.

    Args:
        folder: of the new model.
        models: of imported models; made where it is missing.
        replaced: the old model.
        archive: the old model's new place is below it.

    Returns:
        The new model's folder in ``models``.
    """
    name = find_model(str(folder)).card.name
    place, beside = models / name, models / f".{name}.partial"
    models.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(folder, beside)
    if place.exists():  # the same weights, installed before
        shutil.rmtree(place)
    beside.rename(place)
    if (
        replaced is not None
        and replaced.folder.parent.resolve() == models.resolve()
        and replaced.folder.resolve() != place.resolve()
        and (replaced.folder / CARD).exists()
    ):
        archive.mkdir(parents=True, exist_ok=True)
        target = archive / replaced.folder.name
        if target.exists():
            shutil.rmtree(target)
        shutil.move(replaced.folder, target)
    return place
