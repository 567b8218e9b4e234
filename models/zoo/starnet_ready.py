"""StarNet ready to read images on a CPU: no torch, once it was converted; words need torch."""

from __future__ import annotations

import warnings
from pathlib import Path

from models.runtime.cache import NetworkCache, cache_folder
from models.runtime.openvino_cpu import NetworkFile, OneByOne, OpenVinoNetwork
from models.zoo.starnet_card import SHIPPED_STARNET, StarNetCard

_NAME = "starnet"
_FORM = 2  # raise it whenever ``ImageAlone`` computes something else from the same weights


def image_network(
    card: StarNetCard, folder: Path = SHIPPED_STARNET, *, cache: Path | None = None
) -> OneByOne:
    """Make ``models.starnet.image_alone.ImageAlone`` ready to run.

    Args:
        card: of the folder.
        folder: with weights and card.
        cache: folder of converted networks; the user's where it is not given.
    """
    networks_cache = NetworkCache(cache or cache_folder())
    networks = networks_cache.get(_source(card), lambda: {_NAME: _convert(folder)})
    return OneByOne(OpenVinoNetwork(networks[_NAME]))


def is_converted(card: StarNetCard, *, cache: Path | None = None) -> bool:
    """Whether ``image_network`` needs no torch: what it makes was made before.

    Args:
        card: of the folder.
        cache: as of ``image_network``.
    """
    return NetworkCache(cache or cache_folder()).holds(_source(card))


def _source(card: StarNetCard) -> dict[str, object]:
    return {"starnet": card.sha256, "config": card.config, "form": _FORM}


def _convert(folder: Path) -> NetworkFile:
    """Convert it from its weights; imports torch."""
    import torch

    from models.detector.contract import CROP
    from models.runtime.conversion import convert
    from models.starnet.image_alone import ImageAlone
    from models.zoo.starnet import load_starnet

    loaded = load_starnet(folder)
    cube = torch.zeros(1, 1, CROP, CROP, CROP)
    measures = torch.zeros(1, loaded.network.config.measures)
    with warnings.catch_warnings():
        # what it warns of is meant: without words the branches are always the same
        warnings.filterwarnings("ignore", category=torch.jit.TracerWarning)  # type: ignore[attr-defined]
        return convert(ImageAlone(loaded.network, loaded.trunk), (cube, cube, measures))
