"""Ribs, spine, sternum, clavicles and shoulder blades: cortex outside, marrow inside."""

from __future__ import annotations

import numpy as np

from medical.synthesis.phantom.body import Wall
from medical.synthesis.phantom.fields import Volume, smooth_field
from medical.synthesis.phantom.frame import Frame
from medical.synthesis.phantom.shapes import ellipsoid, paint, path_field, smooth_union

CORTEX_HU, MARROW_HU, CARTILAGE_HU, DISC_HU, CANAL_HU = 620.0, 170.0, 105.0, 75.0, 22.0
RIB_PITCH_MM = 25.0
VERTEBRA_Y_MM = 72.0


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
