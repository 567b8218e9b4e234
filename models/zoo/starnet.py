"""StarNet's files: weights of network and trunk, tokenizer and card; loaded without network."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field
from safetensors.torch import load_file, save_file

from models.starnet.config import StarNetConfig
from models.starnet.network import StarNet
from models.starnet.tokenizer import Tokenizer
from models.starnet.trunk import Trunk
from models.zoo.loader import CARD, WEIGHTS, sha256_of

SHIPPED_STARNET = Path(__file__).parent / "starnet"
TOKENIZER = "tokenizer.model"
_NETWORK, _TRUNK = "network.", "trunk."
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


class LoadedStarNet(NamedTuple):
    """StarNet ready to read, in evaluation mode."""

    network: StarNet
    trunk: Trunk
    tokenizer: Tokenizer
    card: StarNetCard


def load_starnet(folder: Path = SHIPPED_STARNET) -> LoadedStarNet:
    """Load what ``save_starnet`` wrote.

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
        state = load_file(folder / WEIGHTS)
        tokenizer = Tokenizer((folder / TOKENIZER).read_bytes())
    except OSError as error:
        raise StarNetDamagedError(
            f"{folder}: StarNet's files cannot be read; install StarLung again"
        ) from error
    config = StarNetConfig.from_dict(card.config)
    network, trunk = StarNet(config), Trunk(config.trunk_widths)
    for module, prefix in ((network, _NETWORK), (trunk, _TRUNK)):
        own = {n.removeprefix(prefix): v.float() for n, v in state.items() if n.startswith(prefix)}
        dtypes = module.state_dict()
        module.load_state_dict({n: v.to(dtypes[n].dtype) for n, v in own.items()})
        module.eval().requires_grad_(False)
    return LoadedStarNet(network, trunk, tokenizer, card)


def save_starnet(
    network: StarNet, trunk: Trunk, tokenizer: bytes, card: StarNetCard, folder: Path
) -> StarNetCard:
    """Write weights as float16, tokenizer and card; the card gets the files' digests.

    Returns:
        The card as written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = {f"{_NETWORK}{n}": v for n, v in network.state_dict().items()}
    state |= {f"{_TRUNK}{n}": v for n, v in trunk.state_dict().items()}
    save_file(
        {n: (v.half() if v.is_floating_point() else v).contiguous() for n, v in state.items()},
        folder / WEIGHTS,
    )
    (folder / TOKENIZER).write_bytes(tokenizer)
    digests = {
        "sha256": sha256_of(folder / WEIGHTS),
        "tokenizer_sha256": sha256_of(folder / TOKENIZER),
    }
    written = card.model_copy(update=digests)
    (folder / CARD).write_text(written.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return written
