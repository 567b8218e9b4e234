"""How alike two maps of one finding are, in the finding's neighbourhood.

Over a whole crop two maps that are zero almost everywhere look alike whatever they show; so only
the neighbourhood counts, and a map that is empty is like no other.

Source:
    SSIM: Wang et al., IEEE TIP 2004;13:600, by MONAI's ``SSIMMetric`` in 3D, window 7.
"""

from __future__ import annotations

import torch
from monai.metrics import SSIMMetric

from medical.explain.result import Explanation


def ssim(one: Explanation, other: Explanation) -> float:
    """Structural similarity, 1 for equal maps, about 0 for unlike ones.

    Raises:
        ValueError: the maps belong to crops of different shape.
    """
    if one.values.shape != other.values.shape:
        raise ValueError(f"maps of {one.values.shape} and {other.values.shape} cannot be compared")
    if not one.values.any() or not other.values.any():
        return 0.0
    near = one.crop.near()
    a, b = (torch.from_numpy(each.values[near].copy())[None, None] for each in (one, other))
    metric = SSIMMetric(spatial_dims=3, data_range=1.0, kernel_type="uniform", win_size=7)
    return float(metric(a, b).mean())
