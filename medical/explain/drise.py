"""D-RISE on the local crop: which voxels must be seen for the detector to find this box again.

Random coarse masks hide parts of the crop under lung tissue; each is weighed by how much the
detector's best box then agrees with the finding. For the class the agreement is overlap times
probability, for the box it is the overlap alone.

Source:
    Petsiuk et al., CVPR 2021 (arXiv 2006.03204), without its cosine of class vectors: there is
    one class. Weights are taken about their mean, which removes the masks' even background.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from medical.explain.crop import Crop
from medical.explain.result import Explanation
from medical.explain.subject import Subject, Target, column
from medical.explain.tissue import tissue_image
from models.detector.peaks import Candidates

MASKS = 96
BATCH = 8
_SEEN = 0.5  # share of cells left as they are
_LEAST_CELL, _MOST_CELL = 5, 12
_SEED = 13


@torch.no_grad()
def drise(
    subject: Subject,
    crop: Crop,
    *,
    target: Target = "class",
    masks: int = MASKS,
    seed: int = _SEED,
) -> Explanation:
    """Weigh random masks.

    Args:
        subject: the finding.
        crop: where it lies.
        target: class or box.
        masks: how many, at least 2.
        seed: of the masks.

    Raises:
        ValueError: fewer than two masks.
    """
    if masks < 2:
        raise ValueError(f"masks must be at least 2, got {masks}")
    column(target)
    image, tissue = crop.image, tissue_image(crop)
    draw = torch.Generator().manual_seed(seed)
    total = torch.zeros(crop.hu.shape, dtype=torch.float64)
    seen = torch.zeros_like(total)
    weights = 0.0
    for first in range(0, masks, BATCH):
        some = _masks(min(BATCH, masks - first), crop, draw)
        found = subject.candidates(tissue + some * (image - tissue))
        weight = agreement(found, crop, target=target).double()
        total += (weight[:, None, None, None] * some[:, 0]).sum(0)
        seen += some[:, 0].double().sum(0)
        weights += float(weight.sum())
    values = (total - (weights / masks) * seen) / masks
    return Explanation.scaled(values.numpy(), crop, method="D-RISE", target=target)


def agreement(found: Candidates, crop: Crop, *, target: Target) -> Tensor:
    """How well the best candidate of each image agrees with the crop's finding: ``[b]``, 0 to 1."""
    center = torch.tensor(crop.center_voxel)
    half = found.diameters_mm[..., None] / 2
    own = crop.diameter_mm / 2
    low = torch.maximum(found.centers - half, center - own)
    high = torch.minimum(found.centers + half, center + own)
    common = (high - low).clamp(min=0).prod(-1)
    union = found.diameters_mm**3 + crop.diameter_mm**3 - common
    overlap = common / union
    if target == "class":
        overlap = overlap * torch.sigmoid(found.logits)
    best: Tensor = overlap.amax(1)
    return best


def _masks(count: int, crop: Crop, draw: torch.Generator) -> Tensor:
    """``[count, 1, z, y, x]`` smooth masks from 0 (hidden) to 1 (seen), moved at random."""
    cell = int(np.clip(round(crop.diameter_mm / 2), _LEAST_CELL, _MOST_CELL))
    edge = crop.hu.shape[0]
    cells = edge // cell + 2
    coarse = (torch.rand(count, 1, cells, cells, cells, generator=draw) < _SEEN).float()
    fine = functional.interpolate(
        coarse, size=[cells * cell] * 3, mode="trilinear", align_corners=False
    )
    at = torch.randint(0, cell, (count, 3), generator=draw).tolist()
    return torch.stack(
        [
            one[:, z : z + edge, y : y + edge, x : x + edge]
            for one, (z, y, x) in zip(fine, at, strict=True)
        ]
    )
