"""The diaphragm's domes and what lies below them: liver, spleen, stomach, fat."""

from __future__ import annotations

import numpy as np

from medical.synthesis.phantom.body import FAT_HU, Wall
from medical.synthesis.phantom.fields import Volume, smooth_field
from medical.synthesis.phantom.frame import Frame
from medical.synthesis.phantom.shapes import ellipsoid_field, paint, smooth_union

LIVER_HU, SPLEEN_HU, STOMACH_HU, DIAPHRAGM_HU = 58.0, 50.0, 28.0, 48.0


def diaphragm_distance(frame: Frame) -> Volume:
    """Height above the diaphragm, millimetres, negative below it."""
    domes = []
    for side_x, top in ((-66.0, 92.0), (64.0, 82.0)):
        fall = ((frame.x - side_x) / 72) ** 2 + ((frame.y + 8) / 80) ** 2
        domes.append(np.asarray(top - 52 * fall, dtype=np.float32))
    # Distance, not height: the slopes lie at about 45 degrees.
    return np.asarray((frame.z + smooth_union(-domes[0], -domes[1], blend_mm=14)) * 0.75)


def paint_abdomen(
    hu: Volume, frame: Frame, wall: Wall, above: Volume, rng: np.random.Generator
) -> None:
    """Diaphragm and organs in place; ``above`` is :func:`diaphragm_distance`."""
    clumps = smooth_field(rng, shape=frame.shape, spacing_mm=frame.spacing_mm, scale_mm=12.0)
    inside = np.maximum(above, wall.cavity)
    paint(hu, inside, DIAPHRAGM_HU)
    paint(hu, inside + np.float32(3.0), FAT_HU + 8 * clumps)
    right = (frame.x - 34 + 0.35 * (frame.y + 20)).astype(np.float32)
    liver = smooth_union(
        np.maximum(inside + np.float32(3.5), right),
        ellipsoid_field(frame, (30, -40, 30), (48, 34, 30), reach_mm=20),
        blend_mm=10,
    )
    paint(hu, np.maximum(liver, inside + np.float32(3.0)), LIVER_HU + 2.5 * clumps)
    spleen = ellipsoid_field(frame, (92, 42, 36), (28, 40, 38), reach_mm=6)
    paint(hu, np.maximum(spleen, inside + np.float32(3.0)), SPLEEN_HU)
    stomach = ellipsoid_field(frame, (68, -14, 38), (38, 42, 36), reach_mm=6)
    stomach = np.maximum(stomach, inside + np.float32(3.0))
    paint(hu, stomach, 45.0)
    paint(hu, stomach + np.float32(4.0), STOMACH_HU + 8 * clumps)
    air = np.maximum(stomach + np.float32(4.0), (frame.y + 26).astype(np.float32))
    paint(hu, air, -980.0)
