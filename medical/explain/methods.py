"""The methods by name, for our own detector: what is shown, the others, and two baselines."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from medical.explain.attention import attention, attention_in_mask
from medical.explain.baselines import edges, gaussian
from medical.explain.crop import Crop
from medical.explain.drise import drise
from medical.explain.gradcam import gradcam
from medical.explain.gradients import smoothgrad
from medical.explain.occlusion import occlusion
from medical.explain.result import Explanation
from medical.explain.starlung import StarLungFinding
from medical.explain.subject import Subject, Target


class Method(Protocol):
    """Makes the map of a finding for one of its two numbers."""

    def __call__(self, subject: StarLungFinding, crop: Crop, *, target: Target) -> Explanation:
        """Explain."""


def _gaussian(subject: Subject, crop: Crop, *, target: Target) -> Explanation:
    return gaussian(crop)


def _edges(subject: Subject, crop: Crop, *, target: Target) -> Explanation:
    return edges(crop)


SHOWN = "attention in mask"
METHODS: Mapping[str, Method] = MappingProxyType(
    {
        SHOWN: attention_in_mask,
        "attention": attention,
        "Grad-CAM++": gradcam,
        "occlusion": occlusion,
        "D-RISE": drise,
        "SmoothGrad": smoothgrad,
    }
)
BASELINES: Mapping[str, Method] = MappingProxyType({"Gaussian at box": _gaussian, "edges": _edges})
