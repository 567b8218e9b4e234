"""From a first stage's map of a whole CT to candidates; ``models.detector.peaks`` for training."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32
from scipy import ndimage

from models.detector.contract import HEAT, LOG_DIAMETER, OFFSET, STRIDE


class Peaks(NamedTuple):
    """Local maxima of a map, strongest first."""

    centers: Float32[np.ndarray, "k 3"]  # (z, y, x) voxels of the network's input
    diameters_mm: Float32[np.ndarray, " k"]
    logits: Float32[np.ndarray, " k"]


def find_peaks(
    output: Float32[np.ndarray, "c z y x"], *, most: int, min_logit: float = -np.inf
) -> Peaks:
    """Take local maxima of the heat (3x3x3).

    Args:
        output: ``[6, z, y, x]``, as ``models.detector.contract`` says.
        most: how many at most.
        min_logit: weaker ones are left out.
    """
    heat = output[HEAT]
    top = ndimage.maximum_filter(heat, 3, mode="constant", cval=-np.inf)
    cells = np.argwhere((heat == top) & (heat > min_logit))
    logits = heat[tuple(cells.T)]
    cells = cells[np.argsort(-logits, kind="stable")[:most]]
    at_peaks = output[:, cells[:, 0], cells[:, 1], cells[:, 2]]
    position = cells.astype(np.float32) + np.clip(at_peaks[OFFSET].T, -1, 1)
    centers = (position + np.float32(0.5)) * np.float32(STRIDE) - np.float32(0.5)
    return Peaks(centers, np.exp(np.clip(at_peaks[LOG_DIAMETER], 0.5, 4.6)), at_peaks[HEAT])
