"""What stands beside StarNet's weights, and whether its files are those it describes: no torch."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.zoo.loader import CARD, TOKENIZER, WEIGHTS, sha256_of

SHIPPED_STARNET = Path(__file__).parent / "starnet"
_DECISIVE = {"sha256", "tokenizer_sha256", "config", "quantile_with_text", "quantile_without_text"}


class LearnedOutcomes(BaseModel):
    """The outcomes of a site that moved a StarNet after ratings had taught it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    findings: int = Field(ge=1, description="that it was trained on")
    patients: int = Field(ge=1, description="whose they are")
    malignant: int = Field(ge=0, description="of the findings")
    known_by: dict[str, int] = Field(
        description="findings by how their outcome is known: histology, cytology, follow-up or "
        "clinical"
    )


class StarNetCard(BaseModel):
    """What stands beside StarNet's weights.

    The quantiles are split-conformal, by patient: the half-width of a 95 % interval is the quantile
    times the network's expected error.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: str
    sha256: str
    tokenizer_sha256: str
    config: dict[str, object]
    quantile_with_text: float = Field(gt=0)
    quantile_without_text: float = Field(gt=0)
    calibration_set: str
    rates: str
    data: list[str]
    recipe: str
    metrics: dict[str, object]
    not_good_for: list[str]
    outcomes: LearnedOutcomes | None = None
    """None: it was taught on readers' ratings alone."""
    kept_back: str = ""
    """Why a gate did not let it replace the one in use; empty where none did not."""

    @property
    def digest(self) -> str:
        """SHA-256 of what decides a reading, hexadecimal: the model's identity."""
        decisive = self.model_dump(mode="json", include=_DECISIVE)
        text = json.dumps(decisive, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


class StarNetDamagedError(ValueError):
    """A file of StarNet is missing, or not the one that its card describes.

    Args:
        folder: of the StarNet.
        problem: with its files, without a full stop.
    """

    def __init__(self, folder: Path, problem: str) -> None:
        self.name = folder.name
        super().__init__(f"{folder}: {problem}; install it again")


def write_card(folder: Path, card: StarNetCard) -> None:
    """Write the card of a StarNet whose other files lie in the folder."""
    (folder / CARD).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_card(folder: Path = SHIPPED_STARNET) -> StarNetCard:
    """Read the card, and compare weights and tokenizer with it.

    Raises:
        StarNetDamagedError: a file is missing or another one; the message says what to do.
    """
    try:
        card = StarNetCard.model_validate_json((folder / CARD).read_text("utf-8"))
        wanted = {WEIGHTS: card.sha256, TOKENIZER: card.tokenizer_sha256}
        for name, digest in wanted.items():
            if sha256_of(folder / name) != digest:
                raise StarNetDamagedError(folder, f"{name} is not the file that its card describes")
    except (OSError, ValidationError) as error:
        raise StarNetDamagedError(folder, "StarNet's files cannot be read") from error
    return card
