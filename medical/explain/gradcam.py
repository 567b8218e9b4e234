"""Grad-CAM++ of one box: which channels of a fused map speak for it, and where they are strong.

Source:
    Chattopadhay et al., WACV 2018 (arXiv 1710.11063), by MONAI's ``GradCAMpp``.
"""

from __future__ import annotations

import copy

from monai.visualize import GradCAMpp
from torch import Tensor

from medical.explain.crop import Crop
from medical.explain.result import Explanation
from medical.explain.subject import Subject, Target, column


def gradcam(subject: Subject, crop: Crop, *, target: Target = "class") -> Explanation:
    """Grad-CAM++ at ``subject.cam_layer``, grown trilinearly to the crop."""
    # a copy: MONAI leaves its hooks on the module that it is given
    own = copy.deepcopy(subject).requires_grad_(True)
    cam = GradCAMpp(own, subject.cam_layer, postprocessing=_as_it_is)
    values = cam(crop.image, class_idx=column(target))[0, 0].detach().numpy()
    return Explanation.scaled(values, crop, method="Grad-CAM++", target=target)


def _as_it_is(values: Tensor) -> Tensor:
    return values
