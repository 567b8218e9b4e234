"""The lungs: their shape, fissures and lobes, and the grey of their parenchyma."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medical.synthesis.phantom.body import Wall
from medical.synthesis.phantom.fields import (
    Frame,
    Volume,
    coverage,
    smooth_field,
    smooth_intersection,
)

Lobe = Literal[
    "right upper lobe", "right middle lobe", "right lower lobe", "left upper lobe",
    "left lower lobe",
]  # fmt: skip
PARENCHYMA_HU = -862.0
# Density rises towards the back of a patient who lies on it: about 0.35 HU a millimetre
# (Verschakelen 1993, Radiology 188:541, full inspiration: tens of HU from front to back).
GRAVITY_HU_PER_MM = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class Lungs:
    """Both lungs.

    Args:
        distance: millimetres to the pleura, negative inside.
        left: which voxels lie on the patient's left.
        oblique: distance to the oblique fissure, positive above and in front (upper lobes).
        horizontal: distance to the right horizontal fissure, positive above.
    """

    distance: Volume
    left: NDArray[np.bool_]
    oblique: Volume
    horizontal: Volume

    def lobe(self, name: Lobe) -> NDArray[np.bool_]:
        """Voxels of one lobe."""
        side = self.left if name.startswith("left") else ~self.left
        part = (self.distance < 0) & side
        if "lower" in name:
            return np.asarray(part & (self.oblique < 0))
        part &= self.oblique >= 0
        if name == "right upper lobe":
            part &= self.horizontal >= 0
        elif name == "right middle lobe":
            part &= self.horizontal < 0
        return np.asarray(part)


def make_lungs(
    frame: Frame, wall: Wall, middle: Volume, above: Volume, rng: np.random.Generator
) -> Lungs:
    """Make of the lungs what is left of the cavity beside mediastinum and above diaphragm."""
    distance = smooth_intersection(wall.cavity + np.float32(1.0), -middle, blend_mm=5)
    distance = smooth_intersection(distance, -above, blend_mm=3)
    ripple = smooth_field(rng, shape=frame.shape, spacing_mm=frame.spacing_mm, scale_mm=30.0)
    left = np.broadcast_to(frame.x > 0, frame.shape)
    # The oblique fissure falls from the fourth vertebra to the front of the diaphragm.
    oblique = (frame.z - 150 - 1.05 * (frame.y + 5)) * 0.69 + 3 * ripple
    oblique = np.where(left, oblique - 4, oblique)
    horizontal = frame.z - 138 - 0.05 * frame.x + 3 * ripple
    return Lungs(
        distance.astype(np.float32), left, oblique.astype(np.float32), horizontal.astype(np.float32)
    )


def paint_lungs(hu: Volume, frame: Frame, lungs: Lungs, rng: np.random.Generator) -> None:
    """Parenchyma with its gravity gradient and texture, and the fissures, in place."""
    grey = PARENCHYMA_HU + GRAVITY_HU_PER_MM * frame.y
    for scale_mm, deviation_hu in ((3.0, 13.0), (7.0, 9.0), (40.0, 7.0)):
        grey = grey + deviation_hu * smooth_field(
            rng, shape=frame.shape, spacing_mm=frame.spacing_mm, scale_mm=scale_mm
        )
    # Denser under the pleura at the very back: dependent density.
    grey = grey + 45 * np.exp(lungs.distance / 5) * (frame.y > 40)
    share = coverage(lungs.distance)
    hu += share * (grey.astype(np.float32) - hu)
    upper = ~lungs.left & (lungs.oblique > 0)
    sheet = np.minimum(np.abs(lungs.oblique), np.where(upper, np.abs(lungs.horizontal), 99))
    # Fissures are thinner than a voxel: a faint line, not a wall.
    line = np.clip(1.0 - sheet / 1.0, 0, 1) * (lungs.distance < 0)
    hu += line * np.float32(150.0)
