"""The series that shows lung is chosen, whatever the headers say, and only Hounsfield units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.medical.dicom.make import ROOT, series, set_pixels, take


def plane(*, lung: bool, size: int = 128) -> np.ndarray:
    """Stored values of a slice of 3 mm pixels: a body, with two lungs or without."""
    y, x = np.mgrid[:size, :size] - size / 2
    hu = np.full((size, size), -1000)
    hu[(x / 58) ** 2 + (y / 42) ** 2 < 1] = 45
    for side in (-28, 28):
        if lung:
            hu[((x - side) / 22) ** 2 + (y / 32) ** 2 < 1] = -850
    return (hu + 1024).astype(np.uint16)


def body(*, lung: bool, step_mm: float):  # type: ignore[no-untyped-def]
    stored = plane(lung=lung)

    def change(ds: Dataset, index: int) -> None:
        set_pixels(ds, stored)
        ds.PixelSpacing = [3.0, 3.0]
        ds.ImagePositionPatient = [-192.0, -192.0, step_mm * index]
        ds.SliceThickness = step_mm
        ds.BodyPartExamined = ""

    return change


def test_a_thin_abdomen_does_not_displace_the_chest(tmp_path: Path) -> None:
    series(tmp_path / "in", number=1, slices=40, change=body(lung=True, step_mm=5.0))
    series(tmp_path / "in", number=2, slices=200, change=body(lung=False, step_mm=1.0))
    intake = take(tmp_path / "in", tmp_path)
    assert intake.chosen[0].series_instance_uid == f"{ROOT}201"
    assert intake.not_chosen == ((f"{ROOT}202", "shows no lung, or only a part"),)


def test_of_two_chests_the_thin_slices_win(tmp_path: Path) -> None:
    series(tmp_path / "in", number=1, slices=40, change=body(lung=True, step_mm=5.0))
    series(tmp_path / "in", number=2, slices=200, change=body(lung=True, step_mm=1.0))
    assert take(tmp_path / "in", tmp_path).chosen[0].series_instance_uid == f"{ROOT}202"


@pytest.mark.parametrize("unit", ["MGML", "Z_EFF", "PCT", "ED"])
def test_a_map_of_a_material_is_no_ct(tmp_path: Path, unit: str) -> None:
    series(tmp_path / "in", number=1, RescaleType="HU", SliceThickness=2.5)
    series(tmp_path / "in", number=2, RescaleType=unit, SliceThickness=1.0)
    intake = take(tmp_path / "in", tmp_path)
    assert [series.series_instance_uid for series in intake.chosen] == [f"{ROOT}201"]
    assert f"values in {unit}, not Hounsfield units" in intake.not_chosen[0][1]


def test_the_only_series_in_another_unit_is_refused_with_its_unit(tmp_path: Path) -> None:
    (error,) = take(series(tmp_path / "in", RescaleType="MGML"), tmp_path).errors
    assert "values in MGML" in str(error)
