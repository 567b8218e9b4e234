"""Parts of one plane."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool
from scipy import ndimage


def largest_part(mask: Bool[np.ndarray, "y x"]) -> Bool[np.ndarray, "y x"]:
    """Keep the largest connected part of a plane; the plane itself where there is none."""
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    return np.asarray(labels == 1 + np.bincount(labels.ravel())[1:].argmax())
