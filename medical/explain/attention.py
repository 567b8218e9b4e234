"""What the network's attention gate gives to a finding, alone and with the second stage's mask.

The gate amplifies features by ``1 + a``. To first order, closing it at a place would take
``a * d score / d a`` from the finding's score: that is the gate's contribution there. It depends on
the finding and on its target, which the bare map ``a`` does not. The slope of single cells is
noisy, so it is averaged over neighbouring cells. The gate has one value every 4 mm; running it on
images moved by half of that and laying the maps together gives one every 2 mm.

Source:
    Gate: ``models.detector.detector``. Gradient times attention: Chefer et al., ICCV 2021
    (arXiv 2103.15679). Moved images: shift-and-stitch, Long et al., CVPR 2015 (arXiv 1411.4038).
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn import functional

from medical.explain.shipped_detector import StarLungFinding
from medical.explain.subject import Crop, Explanation, Subject, Target

_SHIFTS = tuple(itertools.product((0, 2), repeat=3))
_NEARLY_SHUT = 1e-4

Array = Float32[np.ndarray, "z y x"]


def attention(subject: Subject, crop: Crop, *, target: Target = "class") -> Explanation:
    """Return the gate's contribution at each voxel.

    Raises:
        ValueError: the detector has no attention gate.
    """
    return Explanation.scaled(
        _contribution(subject, crop, target), crop, method="attention", target=target
    )


def attention_in_mask(
    subject: StarLungFinding, crop: Crop, *, target: Target = "class"
) -> Explanation:
    """Return the gate's contribution times the second stage's probability of nodule.

    Both stages must agree on a voxel: the coarse map says what the score rests on, the fine one
    where its edge lies.
    """
    with torch.no_grad():
        mask = subject.mask(crop.image)[0, 0].numpy()
    values = _contribution(subject, crop, target) * mask
    return Explanation.scaled(values, crop, method="attention in mask", target=target)


def open_gate(subject: Subject, crop: Crop) -> Explanation:
    """Return the bare map ``a``, whatever the finding: what a clinician would call attention."""
    logits, _ = _gate(subject, crop.image, None)
    values = _grown(torch.sigmoid(logits), crop)[0]
    return Explanation.scaled(values, crop, method="bare gate")


def _contribution(subject: Subject, crop: Crop, target: Target) -> Array:
    image = crop.image
    moved = torch.cat([_moved(image, shift) for shift in _SHIFTS])
    logits, gradient = _gate(subject, moved, target)
    gate = torch.sigmoid(logits)
    # d score / d a from the logit's gradient: da / dlogit = a (1 - a)
    slope = gradient / (gate * (1 - gate)).clamp(min=_NEARLY_SHUT)
    if target == "box":
        slope = slope.abs()  # a size may grow or shrink with what is seen; either way it was used
    slope = functional.avg_pool3d(slope, 3, stride=1, padding=1, count_include_pad=False)
    maps = _grown(gate * slope.relu(), crop)
    back = [_moved_back(each, shift) for each, shift in zip(maps, _SHIFTS, strict=True)]
    mean: Array = np.mean(back, axis=0).astype(np.float32)
    return mean


def _gate(subject: Subject, images: Tensor, target: Target | None) -> tuple[Tensor, Tensor]:
    """Logits ``[b, 1, z', y', x']`` and the score's gradient there (0 without target)."""
    name = subject.gate_layer
    if name is None:
        raise ValueError(f"{type(subject).__name__} has no attention gate")
    maps: list[Tensor] = []

    def hold(_module: object, _inputs: object, output: Tensor) -> Tensor:
        maps.append(output.detach().requires_grad_())
        return maps[0]

    handle = subject.get_submodule(name).register_forward_hook(hold)
    try:
        score = subject.score(images, target or "class")
        if target is None:
            return maps[0].detach(), torch.zeros_like(maps[0])
        (gradient,) = torch.autograd.grad(score.sum(), maps[0])
    finally:
        handle.remove()
    return maps[0].detach(), gradient


def _grown(maps: Tensor, crop: Crop) -> Array:
    size = list(crop.hu.shape)
    grown = functional.interpolate(maps, size=size, mode="trilinear", align_corners=False)
    values: Array = grown[:, 0].numpy()
    return values


def _moved(image: Tensor, shift: tuple[int, ...]) -> Tensor:
    """Content moved up each axis by ``shift`` voxels; the edge is repeated."""
    z, y, x = shift
    sizes = image.shape[2:]
    padded = functional.pad(image, (x, 0, y, 0, z, 0), mode="replicate")
    return padded[..., : sizes[0], : sizes[1], : sizes[2]]


def _moved_back(values: Array, shift: tuple[int, ...]) -> Array:
    padded = np.pad(values, [(0, s) for s in shift], mode="edge")
    z, y, x = shift
    return padded[z:, y:, x:]
