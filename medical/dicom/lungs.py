"""Rough look at where the lungs are: are they there, and does the field of view cut them off?

Not a segmentation: a coarse map of lung density, enough for a warning.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int16
from scipy import ndimage

from medical.ct.volume import QualityNote

LUNG_HU = (-930, -500)
COARSE = 4
MIN_SHARE = 0.02  # of the volume: below this there is hardly any lung
CUT_SHARE = 0.03  # of an end slice: a trachea alone is less than half of it


def lung_notes(hu: Int16[np.ndarray, "z y x"]) -> list[QualityNote]:
    """Warn when lung is missing, or reaches the first or last slice or the image's side."""
    lung = _lung_density(hu)
    if lung.mean() < MIN_SHARE:
        message = "Hardly any lung was found in this series; is it a chest CT?"
        return [QualityNote("no_lung", "severe", message)]
    notes = []
    ends = [name for name, end in (("first", lung[0]), ("last", lung[-1])) if _area(end)]
    if ends:
        message = (
            f"Lung reaches the {' and the '.join(ends)} slice of the series: apex or base is "
            "cut off and was not searched."
        )
        notes.append(QualityNote("lung_cut_off", "warning", message))
    sides = (lung[:, 0], lung[:, -1], lung[:, :, 0], lung[:, :, -1])
    if any(side.mean() > CUT_SHARE for side in sides):
        message = "The field of view cuts off lung at the side of the images; it was not searched."
        notes.append(QualityNote("field_of_view", "warning", message))
    return notes


def _area(end: Bool[np.ndarray, "y x"]) -> bool:
    return bool(end.mean() > CUT_SHARE)


def _lung_density(hu: Int16[np.ndarray, "z y x"]) -> Bool[np.ndarray, "z y x"]:
    """Coarse voxels of lung density; thin layers between air and skin are eroded away."""
    z_step = max(1, hu.shape[0] // 64)
    picked = hu[::z_step]
    if (hu.shape[0] - 1) % z_step:
        picked = np.concatenate([picked, hu[-1:]])
    height, width = (max(1, n // COARSE) for n in hu.shape[1:])
    step_y, step_x = (min(COARSE, n) for n in hu.shape[1:])
    blocks = picked[:, : height * step_y, : width * step_x]
    blocks = blocks.reshape(len(picked), height, step_y, width, step_x)
    coarse = blocks.mean(axis=(2, 4), dtype=np.float32)
    lung = (coarse > LUNG_HU[0]) & (coarse < LUNG_HU[1])
    # border_value=1: lung that runs into the image's side must not be eroded from there
    return np.asarray(
        ndimage.binary_opening(
            np.pad(lung, ((0, 0), (2, 2), (2, 2)), mode="edge"), np.ones((1, 3, 3), dtype=bool)
        )[:, 2:-2, 2:-2]
    )
