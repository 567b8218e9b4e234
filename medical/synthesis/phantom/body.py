"""The chest's wall: outline, skin, fat, muscle, and the cavity that holds the lungs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medical.synthesis.phantom.fields import Volume, smooth_field
from medical.synthesis.phantom.frame import Frame
from medical.synthesis.phantom.shapes import (
    ellipsoid_field,
    paint,
    path_field,
    smooth_union,
)

SKIN_HU, FAT_HU, MUSCLE_HU = 20.0, -103.0, 52.0
# Half-width and half-depth of cavity and body by height, and the y of their middle (millimetres).
_HEIGHT_MM = (0.0, 40.0, 90.0, 140.0, 180.0, 210.0, 232.0, 248.0, 258.0, 266.0, 400.0)
_CAVITY_WIDTH = (126.0, 128.0, 127.0, 120.0, 110.0, 96.0, 80.0, 62.0, 42.0, 6.0, 6.0)
_CAVITY_DEPTH = (88.0, 90.0, 90.0, 87.0, 82.0, 73.0, 62.0, 49.0, 33.0, 5.0, 5.0)
_CAVITY_MIDDLE = (6.0, 6.0, 6.0, 8.0, 11.0, 15.0, 18.0, 20.0, 22.0, 24.0, 24.0)
_BODY_WIDTH = (147.0, 148.0, 148.0, 150.0, 152.0, 153.0, 153.0, 150.0, 146.0, 140.0, 140.0)
_BODY_DEPTH = (114.0, 116.0, 118.0, 118.0, 116.0, 112.0, 106.0, 99.0, 94.0, 90.0, 90.0)
_BODY_MIDDLE = (5.0, 5.0, 5.0, 6.0, 8.0, 11.0, 14.0, 17.0, 19.0, 21.0, 21.0)


@dataclass(frozen=True, slots=True, eq=False)
class Wall:
    """Distances of the chest wall: ``body`` outline and inner ``cavity``, millimetres."""

    body: Volume
    cavity: Volume


def make_wall(frame: Frame) -> Wall:
    """Outline of body and cavity as stacks of rounded ellipses."""
    body = _ring(frame, _BODY_WIDTH, _BODY_DEPTH, _BODY_MIDDLE, power=2.5)
    # The furrow over the spinous processes.
    furrow = 5 * np.exp(-((frame.x / 16) ** 2)) * (frame.y > 40)
    cavity = _ring(frame, _CAVITY_WIDTH, _CAVITY_DEPTH, _CAVITY_MIDDLE, power=2.3)
    return Wall(np.asarray(body + furrow, dtype=np.float32), cavity)


def paint_wall(hu: Volume, frame: Frame, wall: Wall, rng: np.random.Generator) -> None:
    """Skin, fat and muscle in place; ``hu`` starts as air."""
    clumps = smooth_field(rng, shape=frame.shape, spacing_mm=frame.spacing_mm, scale_mm=14.0)
    paint(hu, wall.body, SKIN_HU)
    paint(hu, wall.body + 2.0, FAT_HU + 6 * clumps)
    muscle = _muscle(frame, wall)
    # Fat between the muscles: thin sheets where a smooth field changes sign.
    sheets = smooth_field(rng, shape=frame.shape, spacing_mm=frame.spacing_mm, scale_mm=22.0)
    septa = np.float32(1.3) - np.abs(sheets) * np.float32(9.0)
    muscle = np.maximum(muscle, np.where(wall.cavity > 4, septa, -5).astype(np.float32))
    muscle = np.maximum(muscle, wall.body + 5.0 + 1.5 * clumps)
    paint(hu, muscle, MUSCLE_HU + 5 * clumps)
    # A thin layer of fat lies between the ribs' muscles and the pleura here and there.
    paint(hu, np.maximum(wall.cavity - 1.2, -wall.cavity - 1.0), 10.0)


def _muscle(frame: Frame, wall: Wall) -> Volume:
    """Intercostals, pectorals, latissimus, paraspinal and shoulder muscles."""
    muscle = wall.cavity - np.float32(9.0)
    for side in (-1, 1):
        pectoral = ellipsoid_field(frame, (side * 72, -84 + 6, 190), (62, 20, 62), reach_mm=12)
        flank = ellipsoid_field(frame, (side * 124, 30, 130), (18, 62, 130), reach_mm=12)
        back = path_field(
            frame,
            [(side * 26, 100, -30), (side * 28, 103, 150), (side * 22, 98, 320)],
            [23, 22, 24],
            reach_mm=12,
        )
        shoulder = ellipsoid_field(frame, (side * 98, 55, 235), (55, 52, 62), reach_mm=12)
        neck = ellipsoid_field(frame, (side * 50, 8, 285), (46, 55, 42), reach_mm=12)
        for part in (pectoral, flank, back, shoulder, neck):
            muscle = smooth_union(muscle, part, blend_mm=8)
    return muscle


def _ring(
    frame: Frame,
    widths: tuple[float, ...],
    depths: tuple[float, ...],
    middles: tuple[float, ...],
    *,
    power: float,
) -> Volume:
    """Distance to a superellipse in the axial plane whose axes change with height."""
    a, b, middle = (
        np.interp(frame.z, _HEIGHT_MM, values).astype(np.float32)
        for values in (widths, depths, middles)
    )
    y = frame.y - middle
    radius = np.sqrt(frame.x**2 + y**2) + np.float32(1e-3)
    level = (np.abs(frame.x / a) ** power + np.abs(y / b) ** power) ** np.float32(1 / power)
    return np.asarray(radius * (1 - 1 / np.maximum(level, 1e-3)), dtype=np.float32)
