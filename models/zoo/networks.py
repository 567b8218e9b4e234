"""Stored weights to networks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from safetensors.torch import load_file, save_file

from models.detector.detector import DetectorConfig
from models.detector.refiner import RefinerConfig
from models.training.joint import TwoStage

if TYPE_CHECKING:  # it needs pydantic, which a machine that only trains may lack
    from models.zoo.loader import StoredModel


def load_networks(model: StoredModel) -> TwoStage:
    """Build both stages with the stored weights, float32, in evaluation mode."""
    detector = cast(dict[str, Any], dict(model.card.detector))
    refiner = cast(dict[str, Any], dict(model.card.refiner))
    detector["widths"], refiner["widths"] = tuple(detector["widths"]), tuple(refiner["widths"])
    networks = TwoStage(DetectorConfig(**detector).build(), RefinerConfig(**refiner).build())
    networks.load_state_dict(load_file(model.weights))
    return networks.float().eval()


def save_networks(networks: TwoStage, path: Path) -> None:
    """Write weights as float16 safetensors: half the size, no measurable loss."""
    state = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in networks.state_dict().items()
    }
    save_file(cast(dict[str, torch.Tensor], state), path)
