"""Losses of the two stages."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.detector.detector import ATTENTION, HEAT, LOG_DIAMETER, OFFSET
from models.detector.refiner import Opinion
from models.detector.targets import CentreTargets


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
    said = flat.gather(2, at)
    offset = (said[:, OFFSET].transpose(1, 2) - targets.offset).abs().sum(-1)
    size = (said[:, LOG_DIAMETER] - targets.log_diameter).abs()
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
    opinion: Opinion,
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
        opinion: of ``m`` candidates.
        mask_logits: ``[m, 1, s, s, s]``.
        is_nodule: ``[m]`` bool.
        log_diameter: ``[m]``.
        density: ``[m]`` long, -1 unknown.
        mask: ``[m, 1, s, s, s]`` in [0, 1].
        has_mask: ``[m]`` bool.
        smoothing: how far the judgement's labels stay from 0 and 1 (Szegedy et al.,
            arXiv 1512.00567): false marks in lungs that nobody read to the end may be nodules.
    """
    real = is_nodule.float()
    count = real.sum().clamp(min=1)
    said = real * (1 - 2 * smoothing) + smoothing
    judge = functional.binary_cross_entropy_with_logits(opinion.logit.float(), said)
    size = ((opinion.log_diameter.float() - log_diameter).abs() * real).sum() / count
    known = is_nodule & (density >= 0)
    kind = functional.cross_entropy(
        opinion.density_logits.float(), density.clamp(min=0), reduction="none"
    )
    kind = (kind * known).sum() / known.sum().clamp(min=1)
    drawn = (is_nodule & has_mask).float()
    logits = mask_logits.float().flatten(1)
    truth = mask.flatten(1)
    bce = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none").mean(1)
    p = torch.sigmoid(logits)
    dice = 1 - (2 * (p * truth).sum(1) + 1) / (p.sum(1) + truth.sum(1) + 1)
    outline = ((bce + dice) * drawn).sum() / drawn.sum().clamp(min=1)
    return {"judge": judge, "size": 0.5 * size, "kind": 0.2 * kind, "mask": outline}
