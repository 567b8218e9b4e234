"""A small refinement stage learns from a large one: nodule or not, size, density and outline.

By the teacher's answers alone, no label: a classifier that is taught on inserted nodules for long
comes to know inserted ones from real ones (docs/lessons.md), and what its teacher says of a crop
does not tell which they are. Size, density and outline mean something at nodules only: there each
crop counts by the teacher's probability.

Source:
    Logits as targets: Ba and Caruana, arXiv 1312.6184; soft labels: Hinton et al., 1503.02531.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from models.detector.refiner import CandidatePrediction

_LARGEST_LOGIT = 8.0  # beyond it probability no longer moves, and one crop would drown the others


@dataclass(frozen=True, slots=True, kw_only=True)
class RefinerDistillationWeights:
    """Weights of the parts.

    Raises:
        ValueError: one is negative.
    """

    probability: float = 1.0
    logit: float = 0.2
    diameter: float = 1.0
    density: float = 0.3
    outline: float = 1.0

    def __post_init__(self) -> None:
        for name in ("probability", "logit", "diameter", "density", "outline"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")


def refiner_distillation_loss(
    student: tuple[CandidatePrediction, Tensor],
    teacher: tuple[CandidatePrediction, Tensor],
    *,
    weights: RefinerDistillationWeights,
) -> dict[str, Tensor]:
    """Return the weighted parts of the loss by name.

    Args:
        student: what ``Refiner.forward`` gives for ``m`` crops.
        teacher: the same of the teacher, without gradients.
        weights: of the parts.
    """
    (learnt, outline), (wanted, wanted_outline) = student, teacher
    logit, wanted_logit = learnt.logit.float(), wanted.logit.float()
    nodule = torch.sigmoid(wanted_logit)
    total = nodule.sum().clamp(min=1.0)
    reach = _LARGEST_LOGIT
    size = (learnt.log_diameter.float() - wanted.log_diameter.float()).abs()
    kind = functional.cross_entropy(
        learnt.density_logits.float(), wanted.density_logits.float().softmax(1), reduction="none"
    )
    return {
        "distil_probability": weights.probability
        * functional.binary_cross_entropy_with_logits(logit, nodule),
        "distil_logit": weights.logit
        * functional.smooth_l1_loss(logit, wanted_logit.clamp(-reach, reach)),
        "distil_diameter": weights.diameter * (size * nodule).sum() / total,
        "distil_density": weights.density * (kind * nodule).sum() / total,
        "distil_outline": weights.outline
        * (_outline_loss(outline, wanted_outline) * nodule).sum()
        / total,
    }


def _outline_loss(student: Tensor, teacher: Tensor) -> Tensor:
    """Cross-entropy and Dice of each crop, ``[m]``; masks as ``[m, 1, s, s, s]`` logits.

    Dice has squares below the line (Milletari et al., arXiv 1606.04797): with soft targets only
    then is the same answer the best one.
    """
    logits, wanted = student.float().flatten(1), torch.sigmoid(teacher.float()).flatten(1)
    each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none").mean(1)
    drawn = torch.sigmoid(logits)
    squares = drawn.square().sum(1) + wanted.square().sum(1)
    overlap = (2 * (drawn * wanted).sum(1) + 1) / (squares + 1)
    return each + 1 - overlap
