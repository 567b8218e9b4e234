"""SmoothGrad: how fast the score changes with each voxel, over noisy copies of the crop.

Source:
    Smilkov et al., arXiv 1706.03825, by MONAI's ``SmoothGrad``; noise as in a low-dose CT.
"""

from __future__ import annotations

import torch
from monai.visualize import SmoothGrad

from medical.explain.crop import Crop
from medical.explain.result import Explanation
from medical.explain.subject import Subject, Target, column
from models.detector.normalise import HIGH_HU, LOW_HU

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
