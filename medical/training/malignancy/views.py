"""LIDC's nodules as StarNet sees a finding, turned and shifted, cut into tokens once for all runs.

Outlined are they as the radiologists did, or by a detector's second stage: in use only the latter
is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from medical.malignancy.view import MARGIN_MM, View, as_arrays, view_of
from medical.nodule.measure import central_component
from medical.training.malignancy.nodules import Nodule
from models.detector.contract import CROP, near_extent_mm
from models.detector.normalise import normalise
from models.starnet.image_tokens import ImageTokens
from models.starnet.trunk import Trunk

Outliner = Callable[[Tensor, Tensor], Tensor]
"""Crops ``[n, 1, 32, 32, 32]`` and their edges in mm to probabilities ``[n, 32, 32, 32]``."""


class Placing(NamedTuple):
    """How a crop lies on the nodule."""

    turn: float = 0.0  # radians, in the axial plane
    mirrored: tuple[bool, bool] = (False, False)  # up-down, left-right
    shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    zoom: float = 1.0
    margin_mm: float = MARGIN_MM


def draw_placing(rng: np.random.Generator) -> Placing:
    """Draw one as training needs it."""
    return Placing(
        turn=float(rng.uniform(-np.pi, np.pi)),
        mirrored=(bool(rng.random() < 0.5), bool(rng.random() < 0.5)),
        shift_mm=tuple(float(v) for v in rng.normal(0, 0.8, 3)),  # type: ignore[arg-type]
        zoom=float(np.exp(rng.normal(0, 0.1))),
        margin_mm=float(rng.uniform(0.5, 2.5)),
    )


def cut_view(nodule: Nodule, placing: Placing, outline: Outliner | None) -> View:
    """Cut a nodule out.

    Args:
        nodule: of the collection.
        placing: of the crop.
        outline: the second stage's; the radiologists' where ``None``.
    """
    diameter = 2 * (3 / (4 * np.pi) * float(nodule.mask.sum())) ** (1 / 3) * placing.zoom
    extent = torch.from_numpy(near_extent_mm(np.array([diameter], np.float32)))
    grid = _grid(nodule, placing, float(extent))
    image = torch.from_numpy(normalise(nodule.hu))[None, None]
    crop = functional.grid_sample(image, grid, padding_mode="border", align_corners=False)
    if outline is None:
        drawn = torch.from_numpy(nodule.mask)[None, None].float()
        mask = functional.grid_sample(drawn, grid, align_corners=False)[0, 0].numpy() > 0.5
    else:
        mask = central_component(outline(crop, extent)[0].numpy() > 0.5)
    return view_of(crop[0, 0].numpy(), mask, extent_mm=float(extent), margin_mm=placing.margin_mm)


def _grid(nodule: Nodule, placing: Placing, extent_mm: float) -> Tensor:
    """Where a crop's voxels lie, for ``grid_sample``."""
    center = np.argwhere(nodule.mask).mean(0) + placing.shift_mm
    steps = ((np.arange(CROP) + 0.5) / CROP - 0.5) * extent_mm
    z, y, x = np.meshgrid(steps, steps, steps, indexing="ij")
    z = -z if placing.mirrored[0] else z
    x = -x if placing.mirrored[1] else x
    sine, cosine = np.sin(placing.turn), np.cos(placing.turn)
    places = [z + center[0], cosine * y - sine * x + center[1], sine * y + cosine * x + center[2]]
    scaled = [
        (2 * place + 1) / size - 1 for place, size in zip(places, nodule.hu.shape, strict=True)
    ]
    return torch.from_numpy(np.stack(scaled[::-1], -1)).float()[None]


@torch.no_grad()
def tokens_of(trunk: Trunk, views: list[View]) -> ImageTokens:
    """Run the trunk; measures are not standardised yet."""
    tokens: ImageTokens = trunk(*map(torch.from_numpy, as_arrays(views)))
    return tokens
