"""How alike two maps of one finding are, in the finding's neighbourhood.

Two maps that are zero almost everywhere look alike there whatever they show. So only the
neighbourhood counts, each voxel by the larger of the two maps' values, and a map that is empty is
like no other.

Source:
    SSIM: Wang et al., IEEE TIP 2004;13:600, by MONAI in 3D, window 7.
"""

from __future__ import annotations

import torch
from monai.metrics.regression import compute_ssim_and_cs

from medical.explain.result import Explanation

_WINDOW = 7


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
    alike, _ = compute_ssim_and_cs(
        a,
        b,
        spatial_dims=3,
        kernel_size=(_WINDOW,) * 3,
        kernel_sigma=(1.5,) * 3,  # not used by a uniform kernel
        data_range=1.0,
        kernel_type="uniform",
    )
    rim = slice(_WINDOW // 2, -(_WINDOW // 2))
    weight = torch.maximum(a, b)[..., rim, rim, rim]
    total = float(weight.sum())
    return float((alike * weight).sum()) / total if total > 0 else 0.0
