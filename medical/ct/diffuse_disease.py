"""Lungs that are dense throughout: pneumonia, fibrosis, edema, or a breath not taken.

The detector was neither trained nor measured on such lungs: it takes consolidations for nodules.
What is measured is the share of high-attenuation areas, -600 to -250 HU (Lederer et al., Am J
Respir Crit Care Med 2009;180:407), of the lung at least 3 mm inside its surface, where neither the
chest wall's blur nor the mask's edge counts.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float32

from medical.ct.slabs import map_each, slabs_of
from medical.ct.volume import QualityNote
from medical.i18n.messages import message

DENSE_HU = (-600.0, -250.0)
INSIDE_MM = 3
MAX_DENSE_SHARE = 0.06
"""Nineteen scans without diffuse disease have 0.016 to 0.049, one with pneumonia 0.072."""


def measure_dense_share(hu: Float32[np.ndarray, "z y x"], lung: Bool[np.ndarray, "z y x"]) -> float:
    """Measure which share of the inner lung is of high attenuation.

    Args:
        hu: Hounsfield units on the 1 mm grid.
        lung: the lungs on the same grid.

    Returns:
        Between 0 and 1; 0 where no voxel lies inside.
    """

    def count(slab: slice) -> tuple[int, int]:
        around = slice(max(0, slab.start - INSIDE_MM), slab.stop + INSIDE_MM)
        inside = _shrunk(lung[around])
        own = inside[slab.start - around.start :][: slab.stop - slab.start]
        values = hu[slab][own]
        dense = (values > DENSE_HU[0]) & (values < DENSE_HU[1])
        return len(values), int(np.count_nonzero(dense))

    inside, dense = np.sum(map_each(count, slabs_of(len(hu))), axis=0)
    return float(dense / inside) if inside else 0.0


def _shrunk(mask: Bool[np.ndarray, "z y x"]) -> Bool[np.ndarray, "z y x"]:
    """Take away what lies at the surface, as many voxels deep as steps along axes lead there."""
    for _ in range(INSIDE_MM):
        inner = np.zeros_like(mask)
        core = mask[1:-1, 1:-1, 1:-1].copy()
        for axis in range(3):
            for beside in (slice(None, -2), slice(2, None)):
                place = [slice(1, -1)] * 3
                place[axis] = beside
                core &= mask[tuple(place)]
        inner[1:-1, 1:-1, 1:-1] = core
        mask = inner
    return mask


def diffuse_disease_notes(
    hu: Float32[np.ndarray, "z y x"], lung: Bool[np.ndarray, "z y x"]
) -> list[QualityNote]:
    """Warn where the lungs are dense throughout: no accuracy figure holds for them.

    Args:
        hu: Hounsfield units on the 1 mm grid.
        lung: the lungs on the same grid.
    """
    share = measure_dense_share(hu, lung)
    if share <= MAX_DENSE_SHARE:
        return []
    text = message(
        "{share:.0%} of the inner lung is denser than aerated lung (-600 to -250 HU), as in "
        "pneumonia, fibrosis or expiration: expect more false positives. Neither the accuracy "
        "figures nor the operating point were measured on such scans.",
        share=share,
    )
    return [QualityNote("diffuse_disease", "warning", text)]
