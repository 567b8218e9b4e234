"""What stands beside StarNet's weights, and whether its files are those it describes: no torch."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from models.zoo.loader import CARD, WEIGHTS, sha256_of

SHIPPED_STARNET = Path(__file__).parent / "starnet"
TOKENIZER = "tokenizer.model"
_DECISIVE = {"sha256", "tokenizer_sha256", "config", "quantile_with_text", "quantile_without_text"}


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

    @property
    def digest(self) -> str:
        """SHA-256 of what decides a reading, hexadecimal: the model's identity."""
        decisive = self.model_dump(mode="json", include=_DECISIVE)
        text = json.dumps(decisive, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


class StarNetDamagedError(ValueError):
    """A file of StarNet is missing, or not the one that its card describes."""


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
                raise StarNetDamagedError(
                    f"{folder / name} is not the file that its card describes; install it again"
                )
    except OSError as error:
        raise StarNetDamagedError(
            f"{folder}: StarNet's files cannot be read; install StarLung again"
        ) from error
    return card
