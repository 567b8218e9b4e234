"""A model as one file: card, networks ready to run, and the dropout layers, in one archive.

Such a file needs no torch and no other weights: ``starlung score --model FILE``. It is a zip of one
entry, itself a zip with nothing in it but the files that its card names: compressed together, as
classifier and outline hold the same first layers and these then count once. It is unpacked into the
cache folder, under its own digest, and every file is checked against the card before it is used.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import secrets
import shutil
import zipfile
from pathlib import Path

import numpy as np
from pydantic import ValidationError
from safetensors import safe_open
from safetensors.numpy import save_file

from models.runtime.cache import cache_folder
from models.zoo.card import NETWORK_NAMES, ModelCard
from models.zoo.loader import CARD, FILE_SUFFIX, WEIGHTS, ModelFileError, StoredModel, sha256_of

__all__ = ["FILE_SUFFIX", "ModelFileError", "digest_of", "open_model_file", "pack"]

_LAYERS = (".hidden1.", ".hidden2.", ".out.")
_PARTS = "parts.zip"
_MAX_BYTES = 512 << 20  # unpacked: a file from anywhere must not fill the disk


def pack(model: StoredModel, path: Path) -> ModelCard:
    """Write a model whose networks all lie ready as one file.

    Args:
        model: its weights stay behind, but for the dropout layers.
        path: to be written; ends in ``.starlung``.

    Returns:
        The file's card: that of the model, with the digest of what is left of the weights and
        without twins, which stay behind.

    Raises:
        ModelFileError: a network would have to be converted from the weights.
    """
    missing = [name for name in NETWORK_NAMES if name not in model.card.networks]
    if missing:
        raise ModelFileError(f"{model.card.name} has no network file for {', '.join(missing)}")
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    layers = beside.with_suffix(".layers")
    try:
        save_file(_dropout_layers(model.weights), layers)
        card = model.card.model_copy(update={"sha256": sha256_of(layers), "twins": {}})
        parts = io.BytesIO()
        with zipfile.ZipFile(parts, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(CARD, card.model_dump_json())
            archive.write(layers, WEIGHTS)
            for networks in card.networks.values():
                for name in networks.files:
                    archive.write(model.folder / name, name)
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_LZMA) as archive:
            archive.writestr(_PARTS, parts.getvalue())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
        layers.unlink(missing_ok=True)
    return card


def open_model_file(path: Path, *, cache: Path | None = None) -> StoredModel:
    """Unpack a model's file, or find it unpacked; what calls this checks the digests.

    Args:
        path: the file.
        cache: folder to unpack into; the user's where it is not given.

    Raises:
        ModelFileError: it is no such file.
        OSError: it cannot be read, or there is no room.
    """
    place = (cache or cache_folder()) / "models" / sha256_of(path)
    if not (place / CARD).is_file():
        _unpack(path, place)
    return StoredModel(place, ModelCard.read(place / CARD))


def _unpack(path: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = place.with_name(f".partial-{secrets.token_hex(4)}")
    beside.mkdir(mode=0o700)
    try:
        with zipfile.ZipFile(path) as whole:
            parts = io.BytesIO(_bytes_of(whole, _PARTS))
        with zipfile.ZipFile(parts) as archive:
            card = ModelCard.model_validate_json(_bytes_of(archive, CARD))
            named = [name for networks in card.networks.values() for name in networks.files]
            for name in (CARD, WEIGHTS, *named):
                (beside / name).write_bytes(_bytes_of(archive, name))
        if place.exists():
            shutil.rmtree(place)
        beside.replace(place)
    except (
        zipfile.BadZipFile,
        lzma.LZMAError,
        KeyError,
        ValidationError,
        NotImplementedError,
    ) as error:
        raise ModelFileError(f"{path} is not a model's file, or not all of one") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _bytes_of(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _MAX_BYTES:
        raise ModelFileError(f"{name} is too large to be a part of a model's file")
    return archive.read(name)


def _dropout_layers(weights: Path) -> dict[str, np.ndarray]:
    with safe_open(weights, framework="numpy") as stored:
        return {
            name: stored.get_tensor(name).astype(np.float16)
            for name in stored.keys()  # noqa: SIM118  (the file cannot be iterated over)
            if name.startswith("refiner.") and any(part in name for part in _LAYERS)
        }


def digest_of(content: bytes) -> str:
    """SHA-256, hexadecimal, as a card's ``networks`` name it."""
    return hashlib.sha256(content).hexdigest()
