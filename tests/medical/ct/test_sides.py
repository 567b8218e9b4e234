"""Left and right by the patient's midline, and how much of each lung is searched."""

from __future__ import annotations

import numpy as np
import pytest

from medical.ct.lungs import lung_mask
from medical.ct.sides import LungSides
from medical.detection.searched_lungs import both_searched, searched_lungs
from medical.geometry import VolumeGeometry
from medical.i18n.catalogue import translate
from medical.nodule.location import side_and_zone
from tests.medical.ct.chest import (
    GEOMETRY,
    LEFT,
    LUNG_HU,
    MIDDLE,
    RIGHT,
    SHAPE,
    SPACING_MM,
    TISSUE_HU,
    lung_at,
    make_chest,
    point,
)


def sides_of(hu: np.ndarray, geometry: VolumeGeometry = GEOMETRY) -> LungSides:
    return LungSides.of(hu, lung_mask(hu, spacing_mm=SPACING_MM), geometry)


def test_a_whole_chest() -> None:
    sides = sides_of(make_chest())
    assert sides.searched() == (1.0, 1.0)
    assert sides.midline_voxel is not None
    np.testing.assert_allclose(sides.midline_voxel, MIDDLE, atol=2)
    assert [sides.side_of(point(x)) for x in (LEFT, RIGHT)] == ["left", "right"]
    assert searched_lungs(sides)[1] == []


@pytest.mark.parametrize(
    ("opaque", "open_", "name"), [(LEFT, RIGHT, "right"), (RIGHT, LEFT, "left")]
)
def test_every_point_of_the_only_lung_is_on_its_side(opaque: int, open_: int, name: str) -> None:
    hu = make_chest()
    hu[lung_at(opaque)] = TISSUE_HU
    sides = sides_of(hu)
    for x in (open_ - 20, open_, open_ + 20):
        assert sides.side_of(point(x)) == name
    searched, notes = searched_lungs(sides)
    other = "left" if name == "right" else "right"
    assert getattr(searched, name) == 1.0
    assert getattr(searched, other) == 0.0
    assert [note.code for note in notes] == ["lung_not_searched"]
    assert notes[0].message.startswith(f"The {other} lung was not searched")
    assert not both_searched(searched)


def test_a_collapsed_lung_is_searched_and_said_to_be_small() -> None:
    hu = make_chest()
    z, y, x = np.indices(SHAPE)
    near = (z - 35) ** 2 + (y - 52) ** 2 + (x - LEFT) ** 2 < 13**2
    hu[lung_at(LEFT) & ~near] = TISSUE_HU
    mask = lung_mask(hu, spacing_mm=SPACING_MM)
    assert mask[near].mean() > 0.95
    searched, notes = searched_lungs(LungSides.of(hu, mask, GEOMETRY))
    assert searched.left is not None
    assert 0.0 < searched.left < 0.3
    assert notes[0].severity == "severe"


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("cut", [10, 25, 35])
def test_lung_that_the_images_edge_cuts_is_searched(side: str, cut: int) -> None:
    """The outer ``cut`` voxels of one lung lie outside of the image."""
    hu = make_chest()
    stop = LEFT + 27 - cut
    hu = hu[:, :, :stop] if side == "left" else hu[:, :, SHAPE[2] - stop :]
    origin = GEOMETRY.voxel_to_lps((0, 0, 0 if side == "left" else SHAPE[2] - stop))
    geometry = VolumeGeometry.axial(
        shape=hu.shape, spacing_mm=(SPACING_MM,) * 3, origin_lps_mm=origin.tolist()
    )
    mask = lung_mask(hu, spacing_mm=SPACING_MM)
    assert mask[hu < -700].mean() < 1  # the air around the body is none
    lung = (hu > -930) & (hu < -770)
    assert mask[lung].mean() > 0.9
    sides = LungSides.of(hu, mask, geometry)
    shares = dict(zip(("left", "right"), sides.searched(), strict=True))
    lost = np.asarray(lung_at(LEFT)[..., stop:]).sum() / lung_at(LEFT).sum()
    assert shares[side] == pytest.approx(1 - lost, abs=0.08)
    assert "field_of_view" in [note.code for note in searched_lungs(sides)[1]]


def test_a_crease_under_an_arm_is_no_lung() -> None:
    hu = make_chest()[:, :, :152]
    before = lung_mask(hu, spacing_mm=SPACING_MM)
    hu[:, 30:90, 145:] = TISSUE_HU  # an arm that touches the chest and the image's edge
    hu[:, 50:70, 150:] = -1000.0
    np.testing.assert_array_equal(lung_mask(hu, spacing_mm=SPACING_MM), before)


def test_a_lung_that_reaches_over_the_midline_makes_the_side_uncertain() -> None:
    hu = make_chest()
    hu[lung_at(RIGHT)] = TISSUE_HU
    z, y, x = np.indices(SHAPE)
    over = (np.abs(y - 40) < 15) & (x > MIDDLE - 20) & (x < LEFT) & (z >= 3) & (z < 67)
    hu[over] = LUNG_HU
    sides = sides_of(hu)
    assert sides.side_of(point(MIDDLE - 14, y=40)) == "uncertain"
    location = side_and_zone(point(MIDDLE - 14, y=40), sides)
    assert location == "side uncertain, middle zone"
    assert sides.side_of(point(LEFT)) == "left"


def test_without_bone_the_bodys_outline_tells() -> None:
    hu = make_chest(spine=False)
    hu[lung_at(LEFT)] = TISSUE_HU
    assert sides_of(hu).side_of(point(RIGHT + 15)) == "right"


def test_without_bone_and_outline_nothing_is_claimed() -> None:
    hu = make_chest(spine=False)[:, 20:90, 20:140]
    geometry = VolumeGeometry.axial(shape=hu.shape, spacing_mm=(SPACING_MM,) * 3)
    sides = sides_of(hu, geometry)
    searched, notes = searched_lungs(sides)
    assert (searched.left, searched.right) == (None, None)
    assert [note.code for note in notes] == ["sides_unknown"]
    assert not both_searched(searched)


def test_the_zone_is_that_of_its_own_lung() -> None:
    hu = make_chest()
    raised = lung_at(LEFT) & (np.indices(SHAPE)[0] < 30)  # a high diaphragm on the left
    hu[raised] = TISSUE_HU
    sides = sides_of(hu)
    assert side_and_zone(point(LEFT, z=36), sides) == "left lower zone"
    assert side_and_zone(point(RIGHT, z=36), sides) == "right middle zone"


def test_locations_are_translated_whole() -> None:
    labels = [translate(text, "zh") for text in ("left upper zone", "side uncertain, upper zone")]
    assert labels == ["左上肺野", "侧别不确定，上肺野"]
