"""The chest's wall and its bones: outline, skin, fat, muscle, cavity, ribs and spine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from medical.synthesis.phantom.fields import (
    Frame,
    Volume,
    ellipsoid,
    ellipsoid_field,
    paint,
    path_field,
    smooth_field,
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
CORTEX_HU, MARROW_HU, CARTILAGE_HU, DISC_HU, CANAL_HU = 620.0, 170.0, 105.0, 75.0, 22.0
RIB_PITCH_MM = 25.0
VERTEBRA_Y_MM = 72.0


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


def spine_distance(frame: Frame) -> Volume:
    """Distance to the vertebral column's front and sides (bodies and discs)."""
    # Thoracic kyphosis: the column leaves the middle and comes back.
    bow = 5 * np.sin(frame.z / 90)
    phase = np.abs((frame.z / RIB_PITCH_MM) % 1 - 0.5) * 2
    waist = 1.5 * np.cos(np.pi * phase)
    x, y = frame.x / (18.5 - waist), (frame.y - VERTEBRA_Y_MM - bow) / (15.0 - waist)
    level = (np.abs(x) ** 2.4 + np.abs(y) ** 2.4) ** (1 / 2.4)
    return np.asarray((level - 1) * 15, dtype=np.float32)


def paint_skeleton(hu: Volume, frame: Frame, wall: Wall, rng: np.random.Generator) -> None:
    """All bones in place, over the chest wall."""
    grain = smooth_field(rng, shape=frame.shape, spacing_mm=frame.spacing_mm, scale_mm=3.0)
    marrow = MARROW_HU + 35 * grain
    _paint_ribs(hu, frame, wall, marrow)
    _paint_spine(hu, frame, wall, marrow)
    _paint_sternum(hu, frame, marrow)
    for side in (-1, 1):
        clavicle = path_field(
            frame,
            [(side * 20, -74, 236), (side * 60, -58, 243), (side * 130, -20, 262)],
            [7, 5.5, 6.5],
            reach_mm=4,
        )
        _bone(hu, clavicle, marrow, cortex_mm=1.8)
        blade = np.maximum(_scapula(frame, side), wall.body + np.float32(9.0))
        _bone(hu, np.maximum(blade, 11 - wall.cavity), marrow, cortex_mm=1.4)


def _bone(hu: Volume, distance: Volume, marrow: Volume, *, cortex_mm: float) -> None:
    paint(hu, distance, CORTEX_HU)
    paint(hu, distance + np.float32(cortex_mm), marrow)


def _paint_ribs(hu: Volume, frame: Frame, wall: Wall, marrow: Volume) -> None:
    """Every rib at once: a shell around the cavity, cut into bands that fall towards the front."""
    y = frame.y - 10
    turn = np.arctan2(-y, np.abs(frame.x))  # -pi/2 at the back, +pi/2 at the front
    fall = 62 * (np.sin(np.clip(turn, -1.3, 1.2)) + 1) ** 1.1
    height = frame.z + fall.astype(np.float32) + 2
    band = (height / RIB_PITCH_MM) % 1 - 0.5
    shell = (wall.cavity - np.float32(6.0)) / np.float32(3.4)
    tall = band * np.float32(RIB_PITCH_MM) * np.float32(0.85) / np.float32(6.2)
    level = np.sqrt(shell**2 + tall**2)
    rib = ((level - 1) * np.float32(4.0)).astype(np.float32)
    # Near the midline spine and sternum take over; the highest band is the first rib.
    rib = np.maximum(rib, 20 - np.abs(frame.x))
    cartilage = (turn > 0.85) & (frame.z < 215)
    paint(hu, np.where(cartilage, rib, 99).astype(np.float32), CARTILAGE_HU)
    bone = np.where(cartilage, 99, rib).astype(np.float32)
    _bone(hu, bone, marrow, cortex_mm=1.3)


def _paint_spine(hu: Volume, frame: Frame, wall: Wall, marrow: Volume) -> None:
    bow = 5 * np.sin(frame.z / 90)
    phase = np.abs((frame.z / RIB_PITCH_MM) % 1 - 0.5) * 2 * (RIB_PITCH_MM / 2)
    disc = (phase - (RIB_PITCH_MM / 2 - 2.4)).astype(np.float32)  # positive within the disc
    column = spine_distance(frame)
    paint(hu, column, DISC_HU)
    _bone(hu, np.maximum(column, disc), marrow - 10, cortex_mm=1.0)
    y = frame.y - bow
    arch = np.sqrt((frame.x / 1.15) ** 2 + (y - 98) ** 2) - 13.5
    spinous = np.maximum(np.abs(frame.x) - 3.2, np.abs(y - 116) - 10)
    wing_y = y - 99 - 0.35 * np.abs(frame.x)
    transverse = np.hypot(wing_y * 4.5, frame.x) / 1.1 - 29
    transverse = np.maximum(transverse, disc + np.float32(3.0))
    spinous = np.maximum(spinous, disc + np.float32(1.0))
    back = smooth_union(arch.astype(np.float32), spinous.astype(np.float32), blend_mm=4)
    back = smooth_union(back, transverse.astype(np.float32), blend_mm=4)
    back = np.maximum(back, np.abs(y - 104).astype(np.float32) - 24)
    back = np.maximum(back, wall.body + np.float32(7.0))
    _bone(hu, back, marrow, cortex_mm=1.8)
    canal = np.sqrt((frame.x / 1.15) ** 2 + (y - 97) ** 2) - 8.5
    paint(hu, canal.astype(np.float32), CANAL_HU)
    paint(hu, (canal + 3.5).astype(np.float32), 38.0)


def _paint_sternum(hu: Volume, frame: Frame, marrow: Volume) -> None:
    front = np.interp(frame.z, (60, 120, 190, 230), (-97, -96, -88, -75))
    half_width = np.interp(frame.z, (60, 70, 150, 195, 215, 228), (5, 14, 16, 15, 26, 24))
    level = np.sqrt((frame.x / half_width) ** 2 + ((frame.y - front) / 6.5) ** 2)
    plate = ((level - 1) * 6).astype(np.float32)
    plate = np.maximum(plate, np.maximum(75 - frame.z, frame.z - 229))
    _bone(hu, plate, marrow - 60, cortex_mm=1.2)


def _scapula(frame: Frame, side: int) -> Volume:
    """Shape a bent plate behind the upper ribs with its spine; distance in millimetres."""
    u = (side * frame.x - 92) * 0.78 + (frame.y - 84) * -0.62  # along the plate, outwards
    v = (side * frame.x - 92) * 0.62 + (frame.y - 84) * 0.78  # across it
    v = v + 0.004 * u**2
    width = np.interp(frame.z, (120, 150, 215, 250, 262), (4, 22, 42, 46, 40))
    plate = np.maximum(np.abs(v) - 2.2, np.abs(u) - width)
    plate = np.maximum(plate, np.maximum(122 - frame.z, frame.z - 258))
    ridge = ellipsoid(frame, (side * 112, 82, 238), (34, 7, 7))
    return smooth_union(plate.astype(np.float32), ridge, blend_mm=5)
