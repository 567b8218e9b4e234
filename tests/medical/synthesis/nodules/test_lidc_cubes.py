"""A nodule at its CT's own voxels becomes a cube of 1 mm."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from medical.synthesis.nodules.lidc_cubes import (
    CENTER_VOXEL,
    CUBE,
    RealCubes,
    Voi,
    cubes_of,
    read_vois,
)

SPACING_MM = (2.5, 0.7, 0.7)
LUNG_CODE, NODULE_CODE = 20, 130


def ball(*, drawn_mm: float, diameter_mm: float, slices_beyond: int = 1) -> Voi:
    """A ball outlined too widely, with ``slices_beyond`` slices above and below the outline."""
    reach = math.floor(drawn_mm / 2 / SPACING_MM[0]) + slices_beyond
    axes = [np.arange(-reach, reach + 1) * SPACING_MM[0], *[np.arange(-21, 22) * SPACING_MM[1]] * 2]
    radius = np.sqrt(sum(a**2 for a in np.meshgrid(*axes, indexing="ij")))
    code = np.where(radius < diameter_mm / 2, NODULE_CODE, LUNG_CODE).astype(np.uint8)
    return Voi("P", "1.2", code, radius < drawn_mm / 2, SPACING_MM, diameter_mm, 5.0, 6.0)


def cube_of(voi: Voi) -> RealCubes:
    return cubes_of(iter([voi]), wanted=lambda _: True)


@pytest.mark.parametrize("diameter_mm", [5.0, 9.0, 20.0])
def test_outline_has_the_reference_s_diameter_and_lies_in_the_middle(diameter_mm: float) -> None:
    (mask,) = cube_of(ball(drawn_mm=1.12 * diameter_mm, diameter_mm=diameter_mm)).masks
    assert (mask.sum() * 6 / math.pi) ** (1 / 3) == pytest.approx(diameter_mm, rel=0.03)
    assert np.argwhere(mask).mean(0) == pytest.approx([CENTER_VOXEL] * 3, abs=0.6)


def test_only_what_the_source_showed_may_be_set_in() -> None:
    (reach,) = cube_of(ball(drawn_mm=12.0, diameter_mm=10.0, slices_beyond=0)).reach
    slices = np.flatnonzero(reach.any((1, 2)))
    assert np.ptp(slices) + 1 <= 5 * SPACING_MM[0] + 1  # five slices of 2.5 mm held the outline


def test_surroundings_cannot_come_along() -> None:
    assert cube_of(ball(drawn_mm=10.0, diameter_mm=9.0)).whole.tolist() == [False]


def test_patients_can_be_left_out() -> None:
    voi = ball(drawn_mm=10.0, diameter_mm=9.0)
    answers = iter([True, False])
    cubes = cubes_of(iter([voi, voi]), wanted=lambda _: next(answers))
    assert len(cubes) == 1


def test_volumes_are_read_in_the_table_s_order(tmp_path: Path) -> None:
    vois = [ball(drawn_mm=6.0, diameter_mm=5.0), ball(drawn_mm=14.0, diameter_mm=12.0)]
    offset = 0
    with (tmp_path / "lidc_vois.csv").open("w", newline="") as file:
        table = csv.writer(file)
        columns = [f"{kind}_{axis}" for kind in ("shape", "spacing") for axis in "zyx"]
        table.writerow(["patient", "seriesuid", "luna_diameter_mm", "texture", "calcification",
                        "offset", *columns])  # fmt: skip
        for voi in vois:
            table.writerow(
                ["P", "1.2", voi.diameter_mm, 5, 6, offset, *voi.code.shape, *SPACING_MM]
            )
            offset += voi.code.size
    np.savez(
        tmp_path / "lidc_vois.npz",
        image=np.concatenate([voi.code.ravel() for voi in vois]),
        mask_packed=np.packbits(np.concatenate([voi.mask.ravel() for voi in vois])),
    )
    for voi, read in zip(vois, read_vois(tmp_path), strict=True):
        assert np.array_equal(voi.code, read.code) and np.array_equal(voi.mask, read.mask)
        assert read.spacing_mm == SPACING_MM


def test_cubes_survive_a_file() -> None:
    cubes = cube_of(ball(drawn_mm=10.0, diameter_mm=9.0))
    whole = RealCubes.seen_whole(cubes.code, cubes.masks)
    both = RealCubes.from_arrays(cubes.joined(whole).to_arrays())
    assert len(both) == 2 and both.whole.tolist() == [False, True]
    assert np.array_equal(both.reach[0], cubes.reach[0])
    assert both.code.shape == (2, CUBE, CUBE, CUBE)
