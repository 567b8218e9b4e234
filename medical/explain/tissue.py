"""What stands where something was taken out: lung tissue, not black, grey or noise.

A network has seen lung without nodule; it has never seen a black cube. Filling with parenchyma
keeps a perturbed image near what the network knows.

Source:
    Why the filling matters: Sturmfels et al., Visualizing the Impact of Feature Attribution
    Baselines, Distill 2020.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float32
from scipy import ndimage
from torch import Tensor

from medical.explain.crop import Crop
from models.detector.normalise import normalise

_LUNG_HU = (-980.0, -650.0)
_USUAL_HU, _USUAL_SPREAD_HU = -850.0, 40.0  # where a crop holds too little lung to ask
_LEAST_VOXELS = 200
_GRAIN_VOXELS = 0.8
_SEED = 7


def lung_tissue(crop: Crop) -> Float32[np.ndarray, "z y x"]:
    """Fill a crop with parenchyma as dense and as noisy as this crop's own, HU.

    The same crop always gets the same tissue.
    """
    low, high = _LUNG_HU
    lung = crop.hu[(crop.hu > low) & (crop.hu < high)]
    if lung.size >= _LEAST_VOXELS:
        quartiles = np.percentile(lung, (25, 50, 75))
        middle, spread = float(quartiles[1]), float(quartiles[2] - quartiles[0]) / 1.349
    else:
        middle, spread = _USUAL_HU, _USUAL_SPREAD_HU
    noise = np.random.default_rng(_SEED).standard_normal(crop.hu.shape)
    grain = ndimage.gaussian_filter(noise, _GRAIN_VOXELS)
    tissue = middle + spread * grain / grain.std()
    return np.asarray(tissue, np.float32)


def tissue_image(crop: Crop) -> Tensor:
    """Return the same as ``[1, 1, z, y, x]`` for networks."""
    return normalise(torch.from_numpy(lung_tissue(crop)))[None, None]
