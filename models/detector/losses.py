"""What both stages should have said, and how far they are from it.

The first stage's targets are a Gaussian heat-map and the values at nodule centres: CenterNet's way
(arXiv 1904.07850) in 3D, at the detector's stride.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from models.detector.contract import ATTENTION, HEAT, LOG_DIAMETER, OFFSET, STRIDE
from models.detector.refiner import CandidatePrediction


class CentreTargets(NamedTuple):
    """Targets for ``n`` patches with up to ``k`` nodules; ``g`` cells along an edge."""

    heat: Tensor  # [n, g, g, g], 1 in the cell of a centre
    cell: Tensor  # [n, k] flat index of the centre's cell
    offset: Tensor  # [n, k, 3] cells from the cell's centre
    log_diameter: Tensor  # [n, k]
    valid: Tensor  # [n, k] bool
    attention: Tensor  # [n, g, g, g] nodule occupancy in [0, 1]
    attention_known: Tensor  # [n, g, g, g] bool
    counted: Tensor  # [n, g, g, g] bool: false where an ignore region lies


def centre_targets(
    centers: Tensor,
    diameters_mm: Tensor,
    valid: Tensor,
    label: Tensor,
    has_mask: Tensor,
    ignore_regions: Tensor,
) -> CentreTargets:
    """Build targets.

    Args:
        centers: ``[n, k, 3]`` voxels of 1 mm.
        diameters_mm: ``[n, k]``.
        valid: ``[n, k]`` which rows are nodules.
        label: ``[n, 1, p, p, p]`` 1 + index of the nodule at each voxel.
        has_mask: ``[n, k]`` whose outline is in ``label``.
        ignore_regions: ``[n, k]`` which rows may be nodules and are left out of the loss.
    """
    cells = label.shape[-1] // STRIDE
    position = (centers + 0.5) / STRIDE - 0.5
    nearest = position.round()
    inside = nearest.clamp(0, cells - 1)  # rows that are not valid may lie anywhere
    cell = ((inside[..., 0] * cells + inside[..., 1]) * cells + inside[..., 2]).long()
    axis = torch.arange(cells, device=centers.device, dtype=torch.float32)
    sigma = (diameters_mm / (5 * STRIDE)).clamp(0.5, 2.0)
    heat = torch.zeros(len(centers), cells, cells, cells, device=centers.device)
    near_unknown = torch.zeros_like(heat, dtype=torch.bool)
    counted = ~near_unknown
    for k in range(centers.shape[1]):
        square = [(axis - nearest[:, k, a, None]) ** 2 for a in range(3)]
        distance = (
            square[0][:, :, None, None] + square[1][:, None, :, None] + square[2][:, None, None, :]
        )
        bump = torch.exp(-distance / (2 * sigma[:, k].view(-1, 1, 1, 1) ** 2))
        here = valid[:, k].view(-1, 1, 1, 1)
        heat = torch.maximum(heat, bump * here)
        reach = (0.75 * diameters_mm[:, k] / STRIDE + 1).view(-1, 1, 1, 1)
        unknown = (valid & ~has_mask)[:, k].view(-1, 1, 1, 1)
        near_unknown |= unknown & (distance < reach**2)
        counted &= ~(ignore_regions[:, k].view(-1, 1, 1, 1) & (distance < reach**2))
    return CentreTargets(
        heat,
        cell,
        position - nearest,
        diameters_mm.clamp(min=1.0).log(),
        valid,
        functional.avg_pool3d((label > 0).float(), STRIDE)[:, 0],
        ~near_unknown & counted,
        counted | (heat >= 0.999),
    )


def centre_loss(output: Tensor, targets: CentreTargets) -> dict[str, Tensor]:
    """Focal heat loss, L1 on offset and log diameter at centres, attention against the masks.

    Args:
        output: ``[n, 6, g, g, g]`` of a detector.
        targets: what it should have said.

    Returns:
        The weighted parts by name; their sum is the loss.
    """
    output = output.float()
    count = targets.valid.sum().clamp(min=1)
    logit = output[:, HEAT]
    positive = targets.heat >= 0.999
    p = torch.sigmoid(logit)
    hit = -functional.logsigmoid(logit) * (1 - p) ** 2
    miss = -functional.logsigmoid(-logit) * p**2 * (1 - targets.heat) ** 4
    heat = (torch.where(positive, hit, miss) * targets.counted).sum() / count
    flat = output.flatten(2)
    at = targets.cell[:, None].expand(-1, flat.shape[1], -1)
    predicted = flat.gather(2, at)
    offset = (predicted[:, OFFSET].transpose(1, 2) - targets.offset).abs().sum(-1)
    size = (predicted[:, LOG_DIAMETER] - targets.log_diameter).abs()
    attention_logit = output[:, ATTENTION]
    bce = functional.binary_cross_entropy_with_logits(
        attention_logit, targets.attention, reduction="none"
    )
    weight = targets.attention_known * (1 + 20 * targets.attention)
    return {
        "heat": heat,
        "offset": 0.5 * (offset * targets.valid).sum() / count,
        "diameter": 0.5 * (size * targets.valid).sum() / count,
        "attention": 4.0 * (bce * weight).sum() / weight.sum().clamp(min=1),
    }


def refiner_loss(
    prediction: CandidatePrediction,
    mask_logits: Tensor,
    *,
    is_nodule: Tensor,
    log_diameter: Tensor,
    density: Tensor,
    mask: Tensor,
    has_mask: Tensor,
    smoothing: float = 0.0,
) -> dict[str, Tensor]:
    """Nodule or not, and for nodules diameter, density type and mask (BCE + Dice).

    Args:
        prediction: of ``m`` candidates.
        mask_logits: ``[m, 1, s, s, s]``.
        is_nodule: ``[m]`` bool.
        log_diameter: ``[m]``.
        density: ``[m]`` long, -1 unknown.
        mask: ``[m, 1, s, s, s]`` in [0, 1].
        has_mask: ``[m]`` bool.
        smoothing: how far the classifier's labels stay from 0 and 1 (Szegedy et al.,
            arXiv 1512.00567): false positives in lungs that nobody read to the end may be nodules.
    """
    real = is_nodule.float()
    count = real.sum().clamp(min=1)
    predicted = real * (1 - 2 * smoothing) + smoothing
    classifier = functional.binary_cross_entropy_with_logits(prediction.logit.float(), predicted)
    size = ((prediction.log_diameter.float() - log_diameter).abs() * real).sum() / count
    known = is_nodule & (density >= 0)
    kind = functional.cross_entropy(
        prediction.density_logits.float(), density.clamp(min=0), reduction="none"
    )
    kind = (kind * known).sum() / known.sum().clamp(min=1)
    drawn = (is_nodule & has_mask).float()
    logits = mask_logits.float().flatten(1)
    truth = mask.flatten(1)
    bce = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none").mean(1)
    p = torch.sigmoid(logits)
    dice = 1 - (2 * (p * truth).sum(1) + 1) / (p.sum(1) + truth.sum(1) + 1)
    outline = ((bce + dice) * drawn).sum() / drawn.sum().clamp(min=1)
    return {"classifier": classifier, "size": 0.5 * size, "kind": 0.2 * kind, "mask": outline}
