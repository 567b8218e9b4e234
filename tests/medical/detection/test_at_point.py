"""A nodule that a reader clicks is outlined and measured on the spot."""

from __future__ import annotations

import math

import pytest

from medical.ct.volume import CtVolume
from medical.detection.at_point import PointReader
from models.zoo.loader import find_model
from tests.app.web.made_results import CENTRES_LPS_MM, DIAMETERS_MM, made_volume


@pytest.fixture(scope="module")
def ct() -> CtVolume:
    return made_volume()


@pytest.fixture(scope="module")
def reader() -> PointReader:
    return PointReader(find_model("starlung-base"), passes=4)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_click_beside_the_middle_finds_it(ct: CtVolume, reader: PointReader, number: int) -> None:
    x, y, z = CENTRES_LPS_MM[number]
    found = reader.measure(ct, (x + 2, y - 2, z))
    assert found.outlined
    assert math.dist(found.center_lps_mm, (x, y, z)) < 1.5
    assert found.diameter_mm == pytest.approx(DIAMETERS_MM[number], abs=2.0)


def test_it_knows_where_it_is(ct: CtVolume, reader: PointReader) -> None:
    found = reader.measure(ct, CENTRES_LPS_MM[1])
    assert found.location == "left upper zone"
    assert found.slice_number == round((CENTRES_LPS_MM[1][2] + 230) / 2) + 1


def test_where_nothing_is_it_does_not_claim_an_outline(ct: CtVolume, reader: PointReader) -> None:
    found = reader.measure(ct, (60.0, 0.0, -100.0))
    assert not found.outlined
    assert found.center_lps_mm == (60.0, 0.0, -100.0)


def test_a_point_outside_of_the_images_is_refused(ct: CtVolume, reader: PointReader) -> None:
    with pytest.raises(ValueError, match=r"\(900\.0, 0\.0, 0\.0\) mm lies outside"):
        reader.measure(ct, (900.0, 0.0, 0.0))
