"""Does the map lie on the nodule: by its strongest voxel, and by the share of it that lies inside.

Source:
    Pointing game: Zhang et al., IJCV 2018;126:1084 (arXiv 1608.00507), with a tolerance in
    millimetres.
    Energy-based pointing game: Wang et al., Score-CAM, CVPRW 2020 (arXiv 1910.01279), section 4.3.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool
from scipy import ndimage

from medical.explain.subject import Explanation


def points_at(
    explanation: Explanation, nodule: Bool[np.ndarray, "z y x"], *, tolerance_mm: float = 0.0
) -> bool:
    """Whether the strongest voxel lies in the nodule or within ``tolerance_mm`` of it.

    An empty map points nowhere.

    Raises:
        ValueError: shapes disagree, the nodule is empty, or the tolerance is negative.
    """
    if tolerance_mm < 0:
        raise ValueError(f"tolerance_mm must not be negative, got {tolerance_mm}")
    require_nodule(explanation, nodule)
    if not explanation.values.any():
        return False
    spacing_mm = explanation.geometry.spacing_mm
    away_mm = ndimage.distance_transform_edt(~nodule, sampling=spacing_mm)
    return bool(away_mm[explanation.peak_voxel] <= tolerance_mm)


def require_nodule(explanation: Explanation, nodule: Bool[np.ndarray, "z y x"]) -> None:
    """Raise ``ValueError`` unless ``nodule`` is a mask, with something in it, on the map's grid."""
    if nodule.shape != explanation.values.shape:
        raise ValueError(f"mask is {nodule.shape} but the map is {explanation.values.shape}")
    if not nodule.any():
        raise ValueError("the nodule's mask is empty")


def energy_inside(explanation: Explanation, nodule: Bool[np.ndarray, "z y x"]) -> float:
    """Sum of the map inside the nodule over its whole sum; 0 for an empty map.

    Raises:
        ValueError: shapes disagree, or the nodule is empty.
    """
    require_nodule(explanation, nodule)
    total = float(explanation.values.sum(dtype=np.float64))
    return float(explanation.values[nodule].sum(dtype=np.float64)) / total if total > 0 else 0.0
