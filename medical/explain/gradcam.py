"""Grad-CAM++ of one box: which channels of a fused map speak for it, and where they are strong.

The weights of the channels say nothing of where; a channel that speaks for this box may be strong
far away for another reason. So the map is kept to the box's neighbourhood.

Source:
    Chattopadhay et al., WACV 2018 (arXiv 1710.11063), by MONAI's ``GradCAMpp``.
"""

from __future__ import annotations

import copy

import numpy as np
from monai.visualize import GradCAMpp
from torch import Tensor

from medical.explain.crop import Crop
from medical.explain.result import Explanation
from medical.explain.subject import Subject, Target, column


def gradcam(subject: Subject, crop: Crop, *, target: Target = "class") -> Explanation:
    """Grad-CAM++ at ``subject.cam_layer``, grown trilinearly; 0 beyond the neighbourhood."""
    # a copy: MONAI leaves its hooks on the module that it is given
    own = copy.deepcopy(subject).requires_grad_(True)
    cam = GradCAMpp(own, subject.cam_layer, postprocessing=_as_it_is)
    whole = cam(crop.image, class_idx=column(target))[0, 0].detach().numpy()
    _let_go(cam)
    values = np.zeros_like(whole)
    values[crop.near()] = whole[crop.near()]
    return Explanation.scaled(values, crop, method="Grad-CAM++", target=target)


def _let_go(cam: GradCAMpp) -> None:
    """Break MONAI's circle of network, hooks and what they kept: it held 0.2 GB a call."""
    hooked = cam.nn_module
    hooked.activations.clear()
    hooked.gradients.clear()
    hooked.score = hooked.model = None


def _as_it_is(values: Tensor) -> Tensor:
    return values
