"""Stored weights to networks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from safetensors.torch import load_file, save_file

from models.compression.shapes import resize_to_weights
from models.detector.detector import DetectorConfig
from models.detector.refiner import Refiner, RefinerConfig
from models.training.two_stage import TwoStage

if TYPE_CHECKING:  # it needs pydantic, which a machine that only trains may lack
    from monai.apps.detection.networks.retinanet_network import RetinaNet

    from models.detector.retinanet import RetinaNetConfig
    from models.zoo.card import ModelCard
    from models.zoo.loader import StoredModel


_FIRST = "detector."


class ForeignNetworkError(ValueError):
    """What was asked needs networks of this project; the message names the model."""


def load_networks(model: StoredModel) -> TwoStage:
    """Build both stages with the stored weights, float32, in evaluation mode.

    Raises:
        ForeignNetworkError: the first stage was imported, or the model has no weights.
    """
    if model.card.has_retinanet:
        raise ForeignNetworkError(
            f"{model.card.name} has a first stage that was made elsewhere; it can score and be "
            "evaluated. Choose one of StarLung's own models for this."
        )
    detector = cast(dict[str, Any], dict(model.card.detector))
    detector["widths"] = tuple(detector["widths"])
    networks = TwoStage(DetectorConfig(**detector).build(), _empty_refiner(model.card))
    stored = load_file(model.weights)
    first = {n.removeprefix(_FIRST): w for n, w in stored.items() if n.startswith(_FIRST)}
    if not first:
        raise ForeignNetworkError(
            f"{model.card.name} holds networks that are ready to run and nothing else; it can "
            "score and be evaluated. Choose the model that it was made of for this."
        )
    resize_to_weights(networks.detector, first)  # channels may have been removed
    networks.load_state_dict(stored)
    return networks.float().eval()


def load_to_teach(model: StoredModel) -> TwoStage:
    """Build both stages as they were taught: the second one's logit whole, see ``ModelCard``.

    Raises:
        ForeignNetworkError: as ``load_networks``.
    """
    networks = load_networks(model)
    weigh_refinement(networks.refiner, 1 / model.card.refinement_weight)
    return networks


def weigh_refinement(refiner: Refiner, weight: float) -> None:
    """Multiply the second stage's logit, in place; what else it says stays."""
    last = (refiner.own or refiner).out
    with torch.no_grad():
        last.weight[0] *= weight
        last.bias[0] *= weight


def load_retinanet(model: StoredModel) -> tuple[RetinaNet, Refiner, RetinaNetConfig]:
    """Build an imported model's two stages, float32, in evaluation mode."""
    from models.detector.retinanet import RetinaNetConfig  # MONAI takes a second to import

    config = RetinaNetConfig.from_dict(model.card.detector)
    detector, refiner = config.build(), _empty_refiner(model.card)
    both = torch.nn.ModuleDict({"detector": detector, "refiner": refiner})
    both.load_state_dict(load_file(model.weights))
    return detector.float().eval(), refiner.float().eval(), config


def _empty_refiner(card: ModelCard) -> Refiner:
    return RefinerConfig.from_dict(card.refiner).build()


def save_networks(networks: TwoStage, path: Path) -> None:
    """Write weights as float16 safetensors: half the size, no measurable loss."""
    state = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in networks.state_dict().items()
    }
    save_file(cast(dict[str, torch.Tensor], state), path)
