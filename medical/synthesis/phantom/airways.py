"""Windpipe, main bronchi and the bronchi that run beside the arteries, each with its wall."""

from __future__ import annotations

import numpy as np

from medical.synthesis.phantom.fields import Volume
from medical.synthesis.phantom.frame import Frame
from medical.synthesis.phantom.shapes import coverage, path_field, tube
from medical.synthesis.phantom.vessels import LungTree

AIR_HU, WALL_HU = -985.0, 10.0
_TRUNKS = (
    (((-2, -4, 300), (-2, 4, 220), (-1, 14, 164)), (9.5, 9.5, 9.0)),
    (((-1, 14, 164), (-22, 18, 147), (-40, 14, 137)), (8.0, 7.0, 6.0)),
    (((-40, 14, 137), (-45, 22, 116), (-50, 30, 96)), (4.6, 3.4, 1.8)),
    (((45, 20, 136), (50, 27, 118), (54, 34, 98)), (4.4, 3.2, 1.8)),
    (((-1, 14, 164), (24, 20, 143), (45, 20, 136)), (7.5, 6.2, 5.5)),
)
# Bronchi narrower than this cannot be told from noise at these voxels.
SMALLEST_RADIUS_MM = 1.5


def paint_airways(hu: Volume, frame: Frame, straight: Frame, trees: list[LungTree]) -> None:
    """All airways in place: walls first, then the air, so that branches open into each other.

    Args:
        hu: the volume.
        frame: the bent frame, for the trunks that lie among bent organs.
        straight: the voxels' own frame, in which the arteries were grown.
        trees: arteries and veins; bronchi follow the arteries.
    """
    air = np.zeros(hu.shape, dtype=np.float32)
    wall = np.zeros(hu.shape, dtype=np.float32)
    for points, radii in _TRUNKS:
        distance = path_field(frame, points, radii, reach_mm=5)
        np.maximum(air, coverage(distance), out=air)
        np.maximum(wall, coverage(distance - np.float32(0.6 + 0.1 * max(radii))), out=wall)
    for tree in trees:
        if tree.kind == "artery":
            _draw_bronchi(straight, tree, air, wall)
    hu += wall * np.maximum(WALL_HU - hu, 0)
    hu += air * (AIR_HU - hu)


def _draw_bronchi(frame: Frame, artery: LungTree, air: Volume, wall: Volume) -> None:
    """Draw a bronchus beside every larger artery, a little narrower, touching it (signet ring)."""
    outward = 1.0 if artery.left else -1.0
    for start, stop, r0, r1 in artery.tree.segments():
        if r1 < SMALLEST_RADIUS_MM:
            continue
        along = stop - start
        aside = np.cross(along, (0.35, -1.0, 0.5 * outward))
        norm = float(np.linalg.norm(aside))
        if norm < 1e-6:
            continue
        lumen0, lumen1 = 0.72 * r0, 0.72 * r1
        thick = 0.5 + 0.12 * r1
        a = start + aside / norm * (r0 + lumen0 + thick)
        b = stop + aside / norm * (r1 + lumen1 + thick)
        reach = lumen0 + thick + 2
        part = frame.around(np.minimum(a, b) - reach, np.maximum(a, b) + reach)
        if part is None:
            continue
        at, near = part
        distance = tube(near, a, b, start_radius=lumen0, stop_radius=lumen1)
        np.maximum(air[at], coverage(distance), out=air[at])
        outer = coverage(distance - np.float32(thick)) * min(1.0, 0.45 + 0.15 * r1)
        np.maximum(wall[at], outer, out=wall[at])
