"""One made chest scanned twice: moved by a known shift, its nodules of known sizes, days apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from medical.ct.volume import CtVolume, SeriesSource
from medical.dicom.header.patient import ScannedExamination
from medical.geometry import VolumeGeometry
from tests.app.web.made_results import made_findings, write_made_result

SHIFT_LPS_MM = (8.0, -6.0, 10.0)
"""From where a place lies in the earlier CT to where it lies in the later one."""

CENTRES_LPS_MM = ((-60.0, 10.0, 20.0), (58.0, 20.0, -25.0), (62.0, -25.0, 30.0))
"""Of the nodules in the earlier CT."""

LOCATIONS = ("right middle zone", "left lower zone", "left middle zone")
BEFORE_MM = (8.0, 9.0, 7.0)
AFTER_MM = (14.0, 9.3)
"""The third nodule is gone."""

PATIENT = "a" * 32
EARLIER, LATER = (
    ScannedExamination(PATIENT, "2023-03-01"),
    ScannedExamination(PATIENT, "2023-08-28"),
)
DAYS = 180
_SHAPE, _STEP_MM = (84, 104, 120), 2.5
_ORIGIN_LPS_MM = (-148.75, -128.75, -103.75)


def made_chest(
    diameters_mm: Sequence[float], *, shift: Sequence[float], seed: int, uid: str
) -> CtVolume:
    """Two unlike lungs, a heart and a spine, with balls of 50 HU in the lungs."""
    geometry = VolumeGeometry.axial(
        shape=_SHAPE, spacing_mm=(_STEP_MM,) * 3, origin_lps_mm=_ORIGIN_LPS_MM
    )
    z, y, x = (
        _ORIGIN_LPS_MM[2 - axis] + _STEP_MM * np.arange(_SHAPE[axis]) - shift[2 - axis]
        for axis in range(3)
    )
    z, y, x = z[:, None, None], y[None, :, None], x[None, None, :]

    def ball(center: Sequence[float], half: Sequence[float]) -> np.ndarray:
        parts = zip((x, y, z), center, half, strict=True)
        return np.asarray(sum(((axis - c) / h) ** 2 for axis, c, h in parts) < 1)

    hu = np.full(_SHAPE, -1000.0)
    hu[np.broadcast_to(ball((0, 0, 0), (140, 95, 4000)), _SHAPE)] = 40
    for center, half in (((-62, 0, 0), (48, 70, 85)), ((60, 5, 4), (42, 66, 78))):
        hu[ball(center, half)] = -850
    hu[ball((15, -20, -30), (45, 35, 40))] = 50
    hu[ball((0, 70, 0), (18, 16, 4000))] = 500
    for center, diameter in zip(CENTRES_LPS_MM, diameters_mm, strict=False):
        hu[ball(center, (diameter / 2,) * 3)] = 50
    hu += np.random.default_rng(seed).normal(0, 18, _SHAPE)
    return CtVolume(hu.astype(np.int16), geometry, SeriesSource(series_instance_uid=uid))


def write_made_pair(root: Path, *, patient_known: bool = True) -> tuple[Path, Path]:
    """Both results, the later one first: ``root/later`` and ``root/earlier``."""
    plans = (
        ("later", AFTER_MM, SHIFT_LPS_MM, 1, LATER),
        ("earlier", BEFORE_MM, (0.0, 0.0, 0.0), 2, EARLIER),
    )
    folders = []
    for name, diameters, shift, seed, examination in plans:
        uid = f"1.2.826.0.1.3680043.8.498.{seed}"
        volume = made_chest(diameters, shift=shift, seed=seed, uid=uid)
        count, (dx, dy, dz) = len(diameters), shift
        findings = made_findings(
            volume,
            centres_lps_mm=[(x + dx, y + dy, z + dz) for x, y, z in CENTRES_LPS_MM[:count]],
            diameters_mm=diameters,
            locations=LOCATIONS[:count],
        )
        known = examination if patient_known else None
        write_made_result(root / name, volume, findings, examination=known)
        folders.append(root / name)
    return folders[0], folders[1]
