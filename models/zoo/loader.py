"""Weights by name, without network: shipped ones and those a user imported."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from models.zoo.card import ModelCard

SHIPPED = Path(__file__).parent / "weights"
WEIGHTS, CARD = "weights.safetensors", "card.json"
DEFAULT_MODEL = "starlung-lite"
TOKENIZER = "tokenizer.model"  # only beside StarNets' weights, see ``starnets``
FILE_SUFFIX = ".starlung"  # of a model that is one file, see ``single_file``


class ModelNotFoundError(LookupError):
    """No weights of that name.

    Args:
        name: that was asked for.
        known: names that there are, in one line.
    """

    def __init__(self, name: str, known: str) -> None:
        self.name, self.known = name, known
        super().__init__(f"no model is called '{name}'; there are: {known}")


class ModelDamagedError(ValueError):
    """A file of a model is not the one that its card describes.

    Args:
        model: whose file it is.
        digest: SHA-256 of the file.
        file: its name; the weights unless said.
    """

    def __init__(self, model: StoredModel, digest: str, *, file: str = WEIGHTS) -> None:
        self.name = model.card.name
        super().__init__(
            f"{model.folder / file} has SHA-256 {digest[:12]}... but its card says "
            f"{model.digests[file][:12]}...; install the model again"
        )


class ModelFileError(ValueError):
    """A file that is no model, or not all of one; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A folder with weights and card."""

    folder: Path
    card: ModelCard

    @property
    def weights(self) -> Path:
        """The safetensors file."""
        return self.folder / WEIGHTS

    @property
    def files(self) -> list[str]:
        """Names of all that belongs to the model and lies in its folder: what a copy must hold."""
        twins = [name for named in self.card.twins.values() for name in named.files]
        return [*self.digests, *(name for name in twins if (self.folder / name).exists()), CARD]

    def copy_to(self, folder: Path) -> None:
        """Copy all its files into a folder that is there.

        Raises:
            OSError: one cannot be read, or written.
        """
        for name in self.files:
            shutil.copyfile(self.folder / name, folder / name)

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of each file that the card describes, by name."""
        beside = [named.files for named in self.card.networks.values()]
        return {WEIGHTS: self.card.sha256, **{k: v for files in beside for k, v in files.items()}}


def list_models(*, imported: Path | None = None) -> list[StoredModel]:
    """All detectors at hand, shipped first; StarNets are listed by ``starnets``.

    Args:
        imported: folder of the user's own models.
    """
    folders = [
        folder
        for root in (SHIPPED, imported)
        if root and root.is_dir()
        for folder in sorted(root.iterdir())
    ]
    return [
        StoredModel(folder, ModelCard.read(folder / CARD))
        for folder in folders
        if (folder / CARD).is_file()
        and (folder / WEIGHTS).is_file()
        and not (folder / TOKENIZER).exists()
    ]


def find_model(name: str, *, imported: Path | None = None) -> StoredModel:
    """Find a model by name, by the folder of a finished retraining, or by a file that holds it.

    Its files are checked.

    Raises:
        ModelFileError: the file is no model's.
        ModelNotFoundError: there is none.
        ModelDamagedError: the file's SHA-256 is not the card's.
    """
    if (Path(name) / CARD).is_file():
        matched = StoredModel(Path(name), ModelCard.read(Path(name) / CARD))
    elif name.endswith(FILE_SUFFIX) and Path(name).is_file():
        from models.zoo.single_file import open_model_file

        matched = open_model_file(Path(name))
    else:
        stored = {model.card.name: model for model in list_models(imported=imported)}
        if name not in stored:
            known = ", ".join(sorted(stored)) or "none"
            raise ModelNotFoundError(name, known)
        matched = stored[name]
    for file, expected in matched.digests.items():
        if (digest := sha256_of(matched.folder / file)) != expected:
            raise ModelDamagedError(matched, digest, file=file)
    return matched


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
