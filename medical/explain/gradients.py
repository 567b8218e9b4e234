"""Maps by gradients: SmoothGrad and Grad-CAM++, both by MONAI.

SmoothGrad tells how fast the score changes with each voxel, over noisy copies of the crop.
Grad-CAM++ tells which channels of a fused map speak for a box, and where they are strong. The
weights of the channels say nothing of where; a channel that speaks for this box may be strong far
away for another reason. So that map is kept to the box's neighbourhood.

Source:
    Smilkov et al., arXiv 1706.03825 (SmoothGrad); noise as in a low-dose CT.
    Chattopadhay et al., WACV 2018 (arXiv 1710.11063) (Grad-CAM++).
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from monai.visualize import GradCAMpp, SmoothGrad
from torch import Tensor

from medical.explain.subject import Crop, Explanation, Subject, Target, column
from models.detector.contract import HIGH_HU, LOW_HU

_NOISE_HU = 40.0
SAMPLES = 12
_SEED = 11


def smoothgrad(
    subject: Subject, crop: Crop, *, target: Target = "class", samples: int = SAMPLES
) -> Explanation:
    """Root of the summed squared gradients.

    Args:
        subject: the finding.
        crop: where it lies.
        target: class or box.
        samples: noisy copies, at least 1; the same ones each time.

    Raises:
        ValueError: ``samples`` is less than 1.
    """
    if samples < 1:
        raise ValueError(f"samples must be at least 1, got {samples}")
    image = crop.image
    # MONAI asks for the noise as a share of the image's own range
    reach = float(image.max() - image.min())
    share = _NOISE_HU * 2.0 / (HIGH_HU - LOW_HU) / reach if reach > 0 else 0.0
    method = SmoothGrad(subject, stdev_spread=share, n_samples=samples, verbose=False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        values = method(image, index=column(target))
    subject.zero_grad(set_to_none=True)
    return Explanation.scaled(values[0, 0].numpy(), crop, method="SmoothGrad", target=target)


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
