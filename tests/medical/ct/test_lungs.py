"""Lung is what a chest surrounds: not a patient's table, however hollow."""

from __future__ import annotations

import numpy as np
import pytest

from medical.ct.lungs import lung_mask

AIR_HU, LUNG_HU, FOAM_HU, TISSUE_HU, SHELL_HU = -1000.0, -850.0, -980.0, 20.0, 100.0
SHAPE = (100, 200, 220)


def _chest() -> tuple[np.ndarray, np.ndarray]:
    """A thin body with two lungs and vessels in them, 1 mm voxels, and where the lungs are."""
    _, y, x = np.indices(SHAPE)
    hu = np.full(SHAPE, AIR_HU, np.float32)
    hu[((y - 70) / 60) ** 2 + ((x - 110) / 95) ** 2 < 1] = TISSUE_HU
    lungs = np.zeros(SHAPE, bool)
    for middle in (65, 155):
        lungs |= ((y - 70) / 44) ** 2 + ((x - middle) / 36) ** 2 < 1
    hu[lungs] = LUNG_HU
    hu[:, 8::14, 8::14] = np.where(lungs[:, 8::14, 8::14], TISSUE_HU, hu[:, 8::14, 8::14])
    hu[:, 9::14, 9::14] = np.where(lungs[:, 9::14, 9::14], TISSUE_HU, hu[:, 9::14, 9::14])
    return hu, lungs


@pytest.mark.parametrize("inner_hu", [AIR_HU, FOAM_HU])
@pytest.mark.parametrize("gap_mm", [0, 6])
def test_a_hollow_table_is_no_lung(inner_hu: float, gap_mm: int) -> None:
    hu, lungs = _chest()
    top = 131 + gap_mm
    hu[:, top : top + 50, 10:210] = SHELL_HU
    hu[:, top + 4 : top + 46, 14:206] = inner_hu
    mask = lung_mask(hu)
    assert not mask[:, top:].any()
    assert (mask & lungs).sum() > 0.95 * lungs.sum()


def test_the_chest_alone_is_found_whole() -> None:
    hu, lungs = _chest()
    mask = lung_mask(hu)
    assert (mask & lungs).sum() > 0.95 * lungs.sum()
    assert (mask & ~lungs).sum() < 0.15 * lungs.sum()


def test_no_air_is_no_lung() -> None:
    assert not lung_mask(np.full(SHAPE, TISSUE_HU, np.float32)).any()
