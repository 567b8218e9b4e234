"""The second stage's mask alone: how much of the shown map it is, and how much is the gate."""

from __future__ import annotations

import torch

from medical.explain.shipped_detector import StarLungFinding
from medical.explain.subject import Crop, Explanation, Target

MASK_ALONE = "mask alone"


def mask_alone(subject: StarLungFinding, crop: Crop, *, target: Target) -> Explanation:
    """Return the probability of nodule; it knows of no target."""
    with torch.no_grad():
        values = subject.mask(crop.image)[0, 0].numpy()
    return Explanation.scaled(values, crop, method=MASK_ALONE, target=target)
