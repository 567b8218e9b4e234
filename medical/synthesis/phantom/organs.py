"""What lies between and below the lungs: heart, great vessels, gullet; diaphragm, liver, spleen."""

from __future__ import annotations

import numpy as np

from medical.synthesis.phantom.body import FAT_HU, Wall, spine_distance
from medical.synthesis.phantom.fields import (
    Frame,
    Point,
    Volume,
    ellipsoid,
    ellipsoid_field,
    paint,
    path_field,
    smooth_field,
    smooth_union,
)

LIVER_HU, SPLEEN_HU, STOMACH_HU, DIAPHRAGM_HU = 58.0, 50.0, 28.0, 48.0
BLOOD_HU, HEART_HU, GULLET_HU, NODE_HU = 42.0, 44.0, 38.0, 40.0
Path = tuple[tuple[Point, ...], tuple[float, ...]]
AORTA: Path = (
    (
        (-6, -22, 100), (-12, -32, 125), (-12, -36, 160), (-2, -24, 183), (12, 0, 193),
        (25, 25, 184), (28, 40, 160), (26, 44, 90), (16, 44, -20),
    ),
    (14, 16, 15.5, 14.5, 13.5, 13, 12.5, 12, 11),
)  # fmt: skip
GREAT_VESSELS: tuple[Path, ...] = (
    (((-26, -24, 100), (-27, -24, 150), (-24, -28, 195)), (11, 9.5, 9)),  # superior vena cava
    (((-24, -28, 195), (-34, -34, 225), (-62, -30, 262)), (8, 7, 6)),  # right brachiocephalic
    (((-24, -28, 195), (5, -46, 208), (40, -40, 232), (70, -25, 262)), (7, 6.5, 6.5, 6)),
    (((-2, -24, 190), (-14, -18, 220), (-26, -12, 290)), (6.5, 6, 5.5)),  # innominate artery
    (((8, -8, 194), (14, -6, 225), (24, -8, 290)), (4.5, 4.2, 4)),  # left carotid
    (((16, 8, 192), (26, 12, 225), (50, 8, 262)), (5.5, 5, 5)),  # left subclavian
    (((14, -46, 108), (18, -42, 130), (20, -24, 147)), (14, 14, 13)),  # pulmonary trunk
    (((20, -24, 147), (-4, -4, 143), (-38, 2, 141)), (12, 10.5, 8.5)),  # right pulmonary artery
    (((20, -24, 147), (32, -4, 155), (44, 12, 150)), (12, 10.5, 8.5)),  # left pulmonary artery
    (((-14, 10, 112), (-40, 4, 116)), (8, 6)),  # right pulmonary veins
    (((16, 12, 118), (42, 6, 124)), (8, 6)),  # left pulmonary veins
    (((-12, 8, 80), (-18, 4, 30)), (12, 12)),  # inferior vena cava
    (((-10, 54, -20), (-9, 54, 150), (-22, 30, 166)), (4, 4, 4.5)),  # azygos
)
GULLET: Path = (
    ((3, 26, 290), (5, 36, 190), (6, 38, 140), (12, 30, 70), (18, 22, 20)),
    (7, 7.5, 7.5, 8, 9),
)


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


def mediastinum_distance(frame: Frame) -> Volume:
    """Distance to all that pushes the lungs aside in the middle (the lungs' inner border)."""
    middle = _heart(frame, grow_mm=4.0)
    parts = [
        ellipsoid(frame, (-2, -16, 160), (36, 44, 62)),
        # The heart rests on the diaphragm: no lung between the domes.
        ellipsoid(frame, (2, -14, 38), (40, 60, 44)),
        path_field(frame, [(0, -24, 190), (0, -6, 300)], [36, 40], reach_mm=40),
        path_field(frame, [(8, 38, -20), (4, 36, 190), (0, 40, 300)], [24, 23, 26], reach_mm=40),
        path_field(frame, *AORTA, reach_mm=40) - np.float32(2.0),
        spine_distance(frame) - np.float32(5.0),
        ellipsoid_field(frame, (-36, 10, 136), (17, 16, 26), reach_mm=40),
        ellipsoid_field(frame, (40, 12, 140), (16, 16, 24), reach_mm=40),
        # Front and back junction lines: the two lungs never quite touch.
        np.asarray(
            np.maximum(np.abs(frame.x - 2) - (3 + 0.10 * np.maximum(-frame.y - 45, 0)), frame.y),
            dtype=np.float32,
        ),
    ]
    for part in parts:
        middle = smooth_union(middle, part, blend_mm=9)
    return middle


def paint_mediastinum(hu: Volume, frame: Frame, middle: Volume, rng: np.random.Generator) -> None:
    """Fat with vessels, heart, gullet and small lymph nodes, in place."""
    clumps = smooth_field(rng, shape=frame.shape, spacing_mm=frame.spacing_mm, scale_mm=9.0)
    paint(hu, middle, FAT_HU + 12 + 14 * clumps)
    # Pleura and small vessels make the border look like soft tissue, not like bare fat.
    paint(hu, np.maximum(middle, -middle - np.float32(1.6)), 5.0)
    vessels = [path_field(frame, *path, reach_mm=4) for path in (*GREAT_VESSELS, AORTA)]
    for distance in vessels:
        paint(hu, distance - np.float32(1.2), FAT_HU + 25)
    heart = _heart(frame, grow_mm=0.0)
    paint(hu, heart + 1.2 * clumps, HEART_HU + 3 * clumps)
    # The fat of the coronary grooves, where a broad field changes sign.
    broad = smooth_field(rng, shape=frame.shape, spacing_mm=frame.spacing_mm, scale_mm=42.0)
    groove = np.abs(broad) * np.float32(25.0) - np.float32(1.8)
    groove = np.maximum(groove, np.maximum(heart, -heart - 12 + 3 * clumps))
    paint(hu, groove, FAT_HU + 40)
    for distance in vessels:
        paint(hu, distance, BLOOD_HU)
    gullet = path_field(frame, *GULLET, reach_mm=4)
    paint(hu, gullet, GULLET_HU)
    paint(hu, gullet + 6.5 + 4.0 * broad, -450.0)
    for _ in range(16):
        center = rng.normal((0, -8, 165), (16, 22, 24))
        radii = rng.uniform(2.0, 4.5, 3)
        node = ellipsoid_field(frame, center.tolist(), radii.tolist(), reach_mm=3)
        paint(hu, np.maximum(node, middle + 4), NODE_HU)


def _heart(frame: Frame, *, grow_mm: float) -> Volume:
    """Ventricles, both atria; ``grow_mm`` adds the pericardial fat."""
    g = grow_mm
    chambers = (
        ((26, -30, 82), (54 + g, 43 + g, 42 + g)),
        ((48, -34, 68), (42 + g, 38 + g, 34 + g)),
        ((-22, -22, 92), (30 + g, 36 + g, 40 + g)),
        ((4, 8, 112), (38 + g, 22 + g, 24 + g)),
    )
    heart = ellipsoid(frame, *chambers[0])
    for center, radii in chambers[1:]:
        heart = smooth_union(heart, ellipsoid(frame, center, radii), blend_mm=14)
    return heart
