"""The second stage that StarNet starts from: its near convolutions, and its outlines."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from medical.training.malignancy.views import Outliner
from models.detector.refiner import Refiner, RefinerConfig
from models.starnet.trunk import Trunk

_REFINER = "refiner."


def refiner_of(state: Mapping[str, Tensor], config: RefinerConfig) -> Refiner:
    """Build the second stage from a model's stored weights."""
    refiner = config.build()
    own = {n.removeprefix(_REFINER): v.float() for n, v in state.items() if n.startswith(_REFINER)}
    refiner.load_state_dict(own)
    return refiner.eval().requires_grad_(False)


def trunk_of(refiner: Refiner, widths: tuple[int, int, int]) -> Trunk:
    """Copy the convolutions that see the near crop: the classifier's own where it has some."""
    near = (refiner.own or refiner).near
    trunk = Trunk(widths)
    trunk.near.load_state_dict(near.state_dict())
    return trunk.eval().requires_grad_(False)


def outliner_of(refiner: Refiner) -> Outliner:
    """Return what outlines crops; of the second stage's work only that."""

    @torch.no_grad()
    def outline(crop: Tensor, extent_mm: Tensor) -> Tensor:
        f1, f2, f4 = refiner.near(crop)
        d2 = refiner.up2(torch.cat([functional.interpolate(f4, scale_factor=2.0), f2], 1))
        d1 = refiner.up1(torch.cat([functional.interpolate(d2, scale_factor=2.0), f1], 1))
        return torch.sigmoid(refiner.mask(d1))[:, 0]

    return outline
