"""Insertion and deletion: how fast the finding's score comes and goes in the order of the map.

Deletion turns voxels into lung tissue, the strongest first; insertion sets them into a crop full of
lung tissue. A nodule is a thousandth of its crop, so steps are multiples of the finding's volume
(a ball of its diameter), not shares of the crop, and each counts the same.

Source:
    Petsiuk et al., RISE, BMVC 2018 (arXiv 1806.07421), with lung tissue as the baseline.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch

from medical.explain.perturbation import tissue_image
from medical.explain.subject import Crop, Explanation, Subject

VOLUMES = (0.25, 0.5, 1.0, 2.0, 4.0)
BATCH = 5


class Curves(NamedTuple):
    """Mean probability over the steps; a good map has a high insertion and a low deletion."""

    insertion: float
    deletion: float


@torch.no_grad()
def insertion_deletion(subject: Subject, explanation: Explanation) -> Curves:
    """Run both orders.

    Args:
        subject: the finding that the map explains.
        explanation: its map; voxels of equal value are taken nearest to the map's peak first.
    """
    crop = explanation.crop
    image, tissue = crop.image, tissue_image(crop)
    order = _strongest_first(explanation)
    inserted, deleted = [], []
    for count in _counts(crop):
        chosen = np.zeros(order.size, bool)
        chosen[order[:count]] = True
        here = torch.from_numpy(chosen.reshape(crop.hu.shape))[None, None]
        inserted.append(torch.where(here, image, tissue))
        deleted.append(torch.where(here, tissue, image))
    images = torch.cat([*inserted, *deleted])
    logits = [subject.score(images[i : i + BATCH], "class") for i in range(0, len(images), BATCH)]
    p = torch.sigmoid(torch.cat(logits))
    return Curves(float(p[: len(inserted)].mean()), float(p[len(inserted) :].mean()))


def _counts(crop: Crop) -> list[int]:
    ball = math.pi / 6 * crop.diameter_mm**3
    return [min(crop.hu.size, max(1, round(volumes * ball))) for volumes in VOLUMES]


def _strongest_first(explanation: Explanation) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    axes = np.ogrid[tuple(slice(0, n) for n in explanation.values.shape)]
    away = sum((a - p) ** 2 for a, p in zip(axes, explanation.peak_voxel, strict=True))
    order: np.ndarray[tuple[int], np.dtype[np.int64]] = np.lexsort(
        (np.asarray(away).ravel(), -explanation.values.ravel())
    )
    return order
