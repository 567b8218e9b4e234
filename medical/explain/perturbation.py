"""Maps by hiding parts of the crop under lung tissue: occlusion and D-RISE.

A network has seen lung without nodule; it has never seen a black cube. Filling with parenchyma
keeps a perturbed image near what the network knows.

Occlusion tells how much of the score goes when a cube becomes lung tissue. It is our own loop,
because MONAI's ``OcclusionSensitivity`` fills with one grey value or a blur, which no lung looks
like, and indexes tensors by lists, which torch is giving up. D-RISE tells which voxels must be seen
for the detector to find this box again: random coarse masks hide parts, and each is weighed by how
much the detector's best box then agrees with the finding. For the class the agreement is overlap
times probability, for the box it is the overlap alone.

Source:
    Why the filling matters: Sturmfels et al., Visualizing the Impact of Feature Attribution
    Baselines, Distill 2020.
    Occlusion: Zeiler and Fergus, ECCV 2014 (arXiv 1311.2901), section 4.2.
    D-RISE: Petsiuk et al., CVPR 2021 (arXiv 2006.03204), without its cosine of class vectors: there
    is one class. Weights are taken about their mean, which removes the masks' even background.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from jaxtyping import Float32
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from medical.explain.subject import Crop, Explanation, Subject, Target, column
from models.detector.normalise import normalise
from models.detector.peaks import Candidates

_LUNG_HU = (-980.0, -650.0)
_USUAL_HU, _USUAL_STD_HU = -850.0, 40.0  # where a crop holds too little lung to ask
_MIN_VOXELS = 200
_GRAIN_VOXELS = 0.8
_GRAIN_SEED = 7
_MIN_CUBE = 4
_STEPS = 5  # cubes along an axis of the neighbourhood, neighbours overlapping
MASKS = 96
BATCH = 8
_SEEN = 0.5  # share of cells left as they are
_MIN_CELL, _MAX_CELL = 5, 12
_MASKS_SEED = 13


def lung_tissue(crop: Crop) -> Float32[np.ndarray, "z y x"]:
    """Fill a crop with parenchyma as dense and as noisy as this crop's own, HU.

    The same crop always gets the same tissue.
    """
    low, high = _LUNG_HU
    lung = crop.hu[(crop.hu > low) & (crop.hu < high)]
    if lung.size >= _MIN_VOXELS:
        quartiles = np.percentile(lung, (25, 50, 75))
        middle, std = float(quartiles[1]), float(quartiles[2] - quartiles[0]) / 1.349
    else:
        middle, std = _USUAL_HU, _USUAL_STD_HU
    noise = np.random.default_rng(_GRAIN_SEED).standard_normal(crop.hu.shape)
    grain = ndimage.gaussian_filter(noise, _GRAIN_VOXELS)
    tissue = middle + std * grain / grain.std()
    return np.asarray(tissue, np.float32)


def tissue_image(crop: Crop) -> Tensor:
    """Return the same as ``[1, 1, z, y, x]`` for networks."""
    return normalise(torch.from_numpy(lung_tissue(crop)))[None, None]


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
        wide = max(_MIN_CUBE, round((near.stop - near.start) / 3))
        starts = np.linspace(near.start, max(near.start, near.stop - wide), _STEPS)
        sides.append([slice(s, s + wide) for s in np.unique(starts.round().astype(int)).tolist()])
    return [(z, y, x) for z, y, x in itertools.product(*sides)]


@torch.no_grad()
def drise(
    subject: Subject,
    crop: Crop,
    *,
    target: Target = "class",
    masks: int = MASKS,
    seed: int = _MASKS_SEED,
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
        candidates = subject.candidates(tissue + some * (image - tissue))
        weight = agreement(candidates, crop, target=target).double()
        total += (weight[:, None, None, None] * some[:, 0]).sum(0)
        seen += some[:, 0].double().sum(0)
        weights += float(weight.sum())
    values = (total - (weights / masks) * seen) / masks
    return Explanation.scaled(values.numpy(), crop, method="D-RISE", target=target)


def agreement(candidates: Candidates, crop: Crop, *, target: Target) -> Tensor:
    """How well the best candidate of each image agrees with the crop's finding: ``[b]``, 0 to 1."""
    center = torch.tensor(crop.center_voxel)
    half = candidates.diameters_mm[..., None] / 2
    own = crop.diameter_mm / 2
    low = torch.maximum(candidates.centers - half, center - own)
    high = torch.minimum(candidates.centers + half, center + own)
    common = (high - low).clamp(min=0).prod(-1)
    union = candidates.diameters_mm**3 + crop.diameter_mm**3 - common
    overlap = common / union
    if target == "class":
        overlap = overlap * torch.sigmoid(candidates.logits)
    best: Tensor = overlap.amax(1)
    return best


def _masks(count: int, crop: Crop, draw: torch.Generator) -> Tensor:
    """``[count, 1, z, y, x]`` smooth masks from 0 (hidden) to 1 (seen), moved at random."""
    cell = int(np.clip(round(crop.diameter_mm / 2), _MIN_CELL, _MAX_CELL))
    edge = crop.hu.shape[0]
    cells = edge // cell + 2
    coarse = (torch.rand(count, 1, cells, cells, cells, generator=draw) < _SEEN).float()
    fine = functional.interpolate(
        coarse, size=[cells * cell] * 3, mode="trilinear", align_corners=False
    )
    at = torch.randint(0, cell, (count, 3), generator=draw).tolist()
    return torch.stack(
        [
            mask[:, z : z + edge, y : y + edge, x : x + edge]
            for mask, (z, y, x) in zip(fine, at, strict=True)
        ]
    )
