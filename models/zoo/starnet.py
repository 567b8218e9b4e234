"""StarNet's files: weights of network and trunk, tokenizer and card; loaded without network."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from safetensors.torch import load_file, save_file

from models.starnet.config import StarNetConfig
from models.starnet.network import StarNet
from models.starnet.tokenizer import Tokenizer
from models.starnet.trunk import Trunk
from models.zoo.loader import TOKENIZER, WEIGHTS, sha256_of
from models.zoo.starnet_card import SHIPPED_STARNET, StarNetCard, read_card, write_card

_NETWORK, _TRUNK = "network.", "trunk."


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
    card = read_card(folder)
    state = load_file(folder / WEIGHTS)
    tokenizer = Tokenizer((folder / TOKENIZER).read_bytes())
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
    write_card(folder, written)
    return written
