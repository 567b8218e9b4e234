"""The methods by name, for our own detector: what is shown, the others, and two baselines.

The baselines look at no weight, so every explanation has to beat them.

Source:
    Edges pass for saliency: Adebayo et al., NeurIPS 2018 (arXiv 1810.03292). A Gaussian at the
    box: the centre bias of saliency benchmarks, Judd et al., MIT-CSAIL-TR-2012-001.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import numpy as np
from scipy import ndimage

from medical.explain.attention import attention, attention_in_mask
from medical.explain.gradients import gradcam, smoothgrad
from medical.explain.perturbation import drise, occlusion
from medical.explain.shipped_detector import StarLungFinding
from medical.explain.subject import Crop, Explanation, Subject, Target

_EDGE_SIGMA_VOXELS = 1.0


def gaussian(crop: Crop) -> Explanation:
    """Draw a Gaussian at the predicted box's centre; sigma is a quarter of the diameter."""
    axes = np.ogrid[tuple(slice(0, n) for n in crop.hu.shape)]
    square = sum((axis - center) ** 2 for axis, center in zip(axes, crop.center_voxel, strict=True))
    std = crop.diameter_mm / 4
    return Explanation.scaled(np.exp(-square / (2 * std**2)), crop, method="Gaussian at box")


def edges(crop: Crop) -> Explanation:
    """How steep the HU are: the magnitude of their smoothed gradient."""
    steep = ndimage.gaussian_gradient_magnitude(crop.hu, _EDGE_SIGMA_VOXELS)
    return Explanation.scaled(steep, crop, method="edges")


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
