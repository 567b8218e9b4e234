"""Occlusion: how much of the score goes when a cube of the crop becomes lung tissue.

Our own loop, because MONAI's ``OcclusionSensitivity`` fills with one grey value or a blur, which
no lung looks like, and indexes tensors by lists, which torch is giving up.

Source:
    Zeiler and Fergus, ECCV 2014 (arXiv 1311.2901), section 4.2.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch

from medical.explain.crop import Crop
from medical.explain.result import Explanation
from medical.explain.subject import Subject, Target
from medical.explain.tissue import tissue_image

_LEAST_CUBE = 4
_STEPS = 5  # cubes along an axis of the neighbourhood, neighbours overlapping
BATCH = 8


@torch.no_grad()
def occlusion(subject: Subject, crop: Crop, *, target: Target = "class") -> Explanation:
    """Cover the finding's neighbourhood cube by cube; 0 where none was laid.

    Cubes are a third of the neighbourhood wide and half overlap, so their number does not depend
    on the finding's size.
    """
    image, tissue = crop.image, tissue_image(crop)
    cubes = _cubes(crop)
    whole = float(subject.score(image, target)[0])
    change = np.zeros(crop.hu.shape, np.float32)
    count = np.zeros(crop.hu.shape, np.float32)
    for first in range(0, len(cubes), BATCH):
        some = cubes[first : first + BATCH]
        covered = image.repeat(len(some), 1, 1, 1, 1)
        for row, cube in enumerate(some):
            covered[(row, 0, *cube)] = tissue[(0, 0, *cube)]
        for cube, score in zip(some, subject.score(covered, target).tolist(), strict=True):
            lost = whole - score
            change[cube] += lost if target == "class" else abs(lost)
            count[cube] += 1
    values = change / np.maximum(count, 1)
    return Explanation.scaled(values, crop, method="occlusion", target=target)


def _cubes(crop: Crop) -> list[tuple[slice, slice, slice]]:
    sides = []
    for near in crop.near():
        wide = max(_LEAST_CUBE, round((near.stop - near.start) / 3))
        starts = np.linspace(near.start, max(near.start, near.stop - wide), _STEPS)
        sides.append([slice(s, s + wide) for s in np.unique(starts.round().astype(int)).tolist()])
    return [(z, y, x) for z, y, x in itertools.product(*sides)]
