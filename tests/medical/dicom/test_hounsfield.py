"""Stored values -> Hounsfield units: rescale, padding, photometry."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from medical.errors import InputError
from tests.medical.dicom.make import codes, expected, read, series, set_pixels, take


def test_fractional_slope(tmp_path: Path) -> None:
    def change(ds: Dataset, index: int) -> None:
        set_pixels(ds, ((expected(8)[index] + 1024) * 2).astype(np.uint16))
        ds.RescaleSlope = 0.5

    volume = read(series(tmp_path / "in", change=change), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))


def test_outside_the_field_of_view_is_air(tmp_path: Path) -> None:
    def change(ds: Dataset, index: int) -> None:
        stored = expected(8)[index].copy()
        stored[:3] = -2000
        set_pixels(ds, stored)
        ds.RescaleIntercept = 0

    volume = read(series(tmp_path / "in", change=change), tmp_path)
    assert (volume.hu[:, :3] == -1024).all()
    np.testing.assert_array_equal(volume.hu[:, 3:], expected(8)[:, 3:])


@pytest.mark.parametrize("written_as", ["SS", "US"])
def test_padding_value_of_either_sign_type(written_as: str, tmp_path: Path) -> None:
    def change(ds: Dataset, index: int) -> None:
        stored = expected(8)[index].copy()
        stored[0, :5] = 30_000 if written_as == "SS" else -3000
        set_pixels(ds, stored)
        ds.RescaleIntercept = 0
        value = 30_000 if written_as == "SS" else 65536 - 3000
        ds.add_new("PixelPaddingValue", written_as, value)

    volume = read(series(tmp_path / "in", change=change), tmp_path)
    assert (volume.hu[:, 0, :5] == -1024).all()


def test_padding_range(tmp_path: Path) -> None:
    def change(ds: Dataset, index: int) -> None:
        stored = (expected(8)[index] + 1024).astype(np.uint16)
        stored[0, :5] = np.arange(60_000, 60_005)
        set_pixels(ds, stored)
        ds.PixelPaddingValue, ds.PixelPaddingRangeLimit = 60_010, 60_000

    volume = read(series(tmp_path / "in", change=change), tmp_path)
    assert (volume.hu[:, 0, :5] == -1024).all()


def test_padding_value_that_tissue_has_too_tears_no_holes(tmp_path: Path) -> None:
    def change(ds: Dataset, index: int) -> None:
        stored = expected(8)[index].copy()
        stored[10, 10] = 0
        stored[0] = 0
        set_pixels(ds, stored)
        ds.RescaleIntercept, ds.PixelPaddingValue = 0, 0

    volume = read(series(tmp_path / "in", change=change), tmp_path)
    assert (volume.hu[:, 10, 10] == 0).all()
    assert (volume.hu[:, 0] == -1024).all()


def test_missing_rescale_of_values_like_hu(tmp_path: Path) -> None:
    def change(ds: Dataset, index: int) -> None:
        set_pixels(ds, expected(8)[index])
        del ds.RescaleSlope, ds.RescaleIntercept

    volume = read(series(tmp_path / "in", change=change), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))
    assert "missing_rescale" in codes(volume)


def test_missing_rescale_of_other_values_is_refused(tmp_path: Path) -> None:
    folder = series(tmp_path / "in", RescaleSlope=None, RescaleIntercept=None)
    with pytest.raises(InputError, match="Rescale Slope and Intercept are missing"):
        take(folder, tmp_path).chosen[0].load()


def test_monochrome1_keeps_its_hu(tmp_path: Path) -> None:
    volume = read(series(tmp_path / "in", PhotometricInterpretation="MONOCHROME1"), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))
    assert "monochrome1" in codes(volume)


def test_values_beyond_int16_are_clipped(tmp_path: Path) -> None:
    def change(ds: Dataset, _: int) -> None:
        ds.RescaleSlope = 100

    assert read(series(tmp_path / "in", change=change), tmp_path).hu.max() == 32767


def test_pixels_with_fractions_are_rounded(tmp_path: Path) -> None:
    def change(ds: Dataset, index: int) -> None:
        ds.FloatPixelData = (expected(8)[index] + 1024 - 0.3).astype(np.float32).tobytes()
        ds.BitsAllocated = 32
        for name in ("PixelData", "BitsStored", "HighBit", "PixelRepresentation"):
            delattr(ds, name)

    volume = read(series(tmp_path / "in", change=change), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))
