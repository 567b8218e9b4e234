"""Two maps that look at no weight: what every explanation has to beat.

Source:
    Edges pass for saliency: Adebayo et al., NeurIPS 2018 (arXiv 1810.03292). A Gaussian at the
    box: the centre bias of saliency benchmarks, Judd et al., MIT-CSAIL-TR-2012-001.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from medical.explain.crop import Crop
from medical.explain.result import Explanation

_EDGE_SIGMA_VOXELS = 1.0


def gaussian(crop: Crop) -> Explanation:
    """Draw a Gaussian at the predicted box's centre, its spread a quarter of the diameter."""
    axes = np.ogrid[tuple(slice(0, n) for n in crop.hu.shape)]
    square = sum((axis - center) ** 2 for axis, center in zip(axes, crop.center_voxel, strict=True))
    spread = crop.diameter_mm / 4
    return Explanation.scaled(np.exp(-square / (2 * spread**2)), crop, method="Gaussian at box")


def edges(crop: Crop) -> Explanation:
    """How steep the HU are: the magnitude of their smoothed gradient."""
    steep = ndimage.gaussian_gradient_magnitude(crop.hu, _EDGE_SIGMA_VOXELS)
    return Explanation.scaled(steep, crop, method="edges")
