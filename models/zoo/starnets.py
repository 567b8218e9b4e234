"""StarNets by name, without network: the shipped one, and those trained on from outcomes."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from models.zoo.loader import CARD, TOKENIZER, WEIGHTS, ModelNotFoundError
from models.zoo.starnet_card import SHIPPED_STARNET, StarNetDamagedError, read_card

DEFAULT_STARNET = "starnet"


def is_starnet(folder: Path) -> bool:
    """Tell a StarNet's folder from a detector's."""
    return all((folder / name).is_file() for name in (CARD, WEIGHTS, TOKENIZER))


def list_starnets(*, imported: Path | None = None) -> list[Path]:
    """Return the folder of each, the shipped one first; they are not opened.

    Args:
        imported: folder of the user's own models, detectors among them.
    """
    own = sorted(imported.iterdir()) if imported and imported.is_dir() else []
    named = [folder for folder in own if not folder.name.startswith(".") and is_starnet(folder)]
    return [SHIPPED_STARNET, *named]


def find_starnet(name: str = DEFAULT_STARNET, *, imported: Path | None = None) -> Path:
    """Find the folder of a StarNet by its name, or by the folder itself.

    Args:
        name: of its card, or its folder.
        imported: folder of the user's own models.

    Raises:
        ModelNotFoundError: there is none; the message says which there are.
        StarNetDamagedError: a file is missing or another one; the message says what to do.
    """
    if is_starnet(Path(name)):
        read_card(Path(name))
        return Path(name)
    folders = list_starnets(imported=imported)
    names = [DEFAULT_STARNET, *(folder.name for folder in folders[1:])]
    if name not in names:
        raise ModelNotFoundError(name, ", ".join(names))
    folder = folders[names.index(name)]
    read_card(folder)
    return folder


def install_starnet(folder: Path, models: Path) -> Path:
    """Copy a StarNet among the user's own models, under its card's name.

    Args:
        folder: of the StarNet.
        models: folder of the user's own models; made where it is missing.

    Returns:
        Its folder there; it appears only when all of it is complete.

    Raises:
        StarNetDamagedError: a file is missing or another one.
        OSError: it cannot be written.
    """
    place = models / read_card(folder).name
    models.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".import-", dir=models) as work:
        beside = Path(work) / place.name
        beside.mkdir()
        for part in (WEIGHTS, CARD, TOKENIZER):
            shutil.copyfile(folder / part, beside / part)
        shutil.rmtree(place, ignore_errors=True)  # the same weights, installed before
        beside.rename(place)
    return place


def starnet_of(digest: str | None, *, imported: Path | None = None) -> Path | None:
    """Find the StarNet of an identity among those at hand; damaged ones are passed by.

    Args:
        digest: of ``StarNetCard.digest``.
        imported: folder of the user's own models.
    """
    for folder in list_starnets(imported=imported):
        try:
            if read_card(folder).digest == digest:
                return folder
        except StarNetDamagedError:
            continue
    return None
