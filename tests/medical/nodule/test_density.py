"""The density of what an outline holds, on shapes whose density nobody doubts."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from medical.nodule.density import CoreHu, core_hu, density_of
from medical.nodule.density_kinds import AGREED_PERCENT, NODULES, Density

PAGE = Path(__file__).parents[3] / "docs" / "benchmarks" / "density.md"
EDGE = 32
DISTANCE = np.linalg.norm(np.indices((EDGE,) * 3).T - (EDGE - 1) / 2, axis=-1).T
MASK = DISTANCE <= 9.0


def filled(shell_hu: float, core_hu_: float, core: float, *, noise: float = 25.0) -> np.ndarray:
    """A ball of ``shell_hu`` whose inner ``core`` voxels' radius has another HU, in lung."""
    hu = np.full(DISTANCE.shape, -860.0)
    hu[MASK] = shell_hu
    hu[core >= DISTANCE] = core_hu_
    return hu + np.random.default_rng(3).normal(0, noise, hu.shape)


def look(hu: np.ndarray, mask: np.ndarray) -> CoreHu:
    return core_hu(hu, mask, voxel_mm=0.75)


@pytest.mark.parametrize(
    ("shell", "core", "radius", "density"),
    [
        (40.0, 40.0, 0.0, "solid"),
        (-620.0, -620.0, 0.0, "ground-glass"),
        (-600.0, 20.0, 5.5, "part-solid"),
        (-600.0, 20.0, 3.8, "part-solid"),  # a solid part of 5.7 mm in a nodule of 13.5 mm
        (60.0, 700.0, 6.0, "calcified"),
        (40.0, -959.0, 5.5, "cavitary"),
        (40.0, -1000.0, 7.0, "cavitary"),
    ],
)
def test_each_density_by_what_lies_inside(
    shell: float, core: float, radius: float, density: Density
) -> None:
    assert density_of(look(filled(shell, core, radius), MASK)) == density


def test_a_ring_is_cavitary_also_where_the_outline_leaves_the_air_out() -> None:
    ring = MASK & (DISTANCE > 5.5)
    assert density_of(look(filled(40.0, -959.0, 5.5), ring)) == "cavitary"


def test_emphysema_around_a_nodule_is_not_air_inside() -> None:
    hu = filled(40.0, 40.0, 0.0)
    hu[~MASK] = -960.0
    assert density_of(look(hu, MASK)) == "solid"


def test_a_nodule_of_a_few_voxels_has_a_density_too() -> None:
    assert density_of(look(filled(40.0, 40.0, 0.0), DISTANCE < 1.0)) == "solid"


def test_an_empty_outline_is_refused() -> None:
    with pytest.raises(ValueError, match="empty outline"):
        look(np.zeros((4, 4, 4)), np.zeros((4, 4, 4), bool))


def test_the_figures_that_readers_see_are_the_pages() -> None:
    text = PAGE.read_text("utf-8")
    result = re.search(r'"nodules": (\d+).*"now_right": ([\d.]+)', text)
    assert result is not None
    assert int(result[1]) == NODULES
    assert round(float(result[2]) * 100) == AGREED_PERCENT
