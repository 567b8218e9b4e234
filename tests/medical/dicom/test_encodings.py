"""The same slices in every encoding give the same Hounsfield units."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from tests.medical.dicom.make import codes, expected, read, series, set_pixels

NATIVE = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
]


@pytest.mark.parametrize("syntax", NATIVE, ids=lambda uid: uid.name)
def test_uncompressed(syntax: UID, tmp_path: Path) -> None:
    def encode(ds: Dataset, _: int) -> None:
        ds.file_meta.TransferSyntaxUID = syntax

    volume = read(series(tmp_path / "in", change=encode), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))


@pytest.mark.parametrize(
    "syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless], ids=lambda uid: uid.name
)
@pytest.mark.parametrize("signed", [False, True])
def test_lossless_compression(syntax: UID, signed: bool, tmp_path: Path) -> None:
    def encode(ds: Dataset, index: int) -> None:
        if signed:
            set_pixels(ds, expected(8)[index])
            ds.RescaleIntercept = 0
        ds.compress(syntax, generate_instance_uid=False)

    volume = read(series(tmp_path / "in", change=encode), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))


def test_lossy_compression_is_read_and_said(tmp_path: Path) -> None:
    def encode(ds: Dataset, _: int) -> None:
        ds.compress(JPEGLSNearLossless, jls_error=2, generate_instance_uid=False)
        ds.LossyImageCompression = "01"

    volume = read(series(tmp_path / "in", change=encode), tmp_path)
    assert np.abs(volume.hu.astype(int) - expected(8)).max() <= 2
    assert "lossy_compression" in codes(volume)


@pytest.mark.parametrize("syntax", [HTJ2KLossless, JPEGLosslessSV1], ids=lambda uid: uid.name)
def test_decoder_is_installed_where_no_encoder_is(syntax: UID) -> None:
    assert get_decoder(syntax).is_available


def test_old_file_without_preamble(tmp_path: Path) -> None:
    folder = series(tmp_path / "in")
    for path in folder.iterdir():
        bytes_ = path.read_bytes()
        meta_end = 132 + 12 + int.from_bytes(bytes_[140:144], "little")
        path.write_bytes(bytes_[meta_end:])
    np.testing.assert_array_equal(read(folder, tmp_path).hu, expected(8))


def test_values_shifted_to_the_high_bits(tmp_path: Path) -> None:
    def shift(ds: Dataset, index: int) -> None:
        set_pixels(ds, ((expected(8)[index] + 1024).astype(np.uint16) << 4))
        ds.BitsStored, ds.HighBit = 12, 15

    volume = read(series(tmp_path / "in", change=shift), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))


def test_overlay_in_unused_bits_is_masked(tmp_path: Path) -> None:
    def overlay(ds: Dataset, index: int) -> None:
        stored = (expected(8)[index] + 1024).astype(np.uint16)
        stored[10, 10] |= 1 << 12
        set_pixels(ds, stored)
        ds.BitsStored, ds.HighBit = 12, 11
        ds.add_new((0x6000, 0x0100), "US", 16)
        ds.add_new((0x6000, 0x0102), "US", 12)

    volume = read(series(tmp_path / "in", change=overlay), tmp_path)
    np.testing.assert_array_equal(volume.hu, expected(8))
