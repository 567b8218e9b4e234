"""Decoding begins behind the header, wherever that is what the whole file would give."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from medical.dicom.header.frames import CtFile, Frame
from medical.dicom.header.headers import scan_file
from medical.dicom.header.image_elements import read_image
from medical.dicom.stacking import decode
from medical.errors import InputError
from tests.medical.dicom.make import expected, read, series, set_pixels, take

COMPRESSED = [JPEGLSLossless, JPEG2000Lossless]


def packed(folder: Path, syntax: str) -> Path:
    def encode(dataset: Dataset, _: int) -> None:
        if syntax in (*COMPRESSED, RLELossless):
            dataset.compress(syntax, generate_instance_uid=False)
        else:
            dataset.file_meta.TransferSyntaxUID = syntax

    return series(folder, change=encode)


def frame_of(path: Path) -> Frame:
    scanned = scan_file(path)
    assert isinstance(scanned, CtFile)
    return scanned.frames[0]


@pytest.mark.parametrize("syntax", COMPRESSED)
def test_what_describes_the_pixels_is_read_and_nobody_s_name(syntax: str, tmp_path: Path) -> None:
    path = sorted(packed(tmp_path / "in", syntax).iterdir())[0]
    frame, whole = frame_of(path), pydicom.dcmread(path)
    assert frame.image_at is not None
    image = read_image(path, start=frame.image_at, transfer_syntax=frame.transfer_syntax)
    assert image is not None
    assert image.file_meta.TransferSyntaxUID == syntax
    assert "PatientName" not in image
    assert "SOPInstanceUID" not in image
    for element in whole.group_dataset(0x0028):
        if element.keyword not in ("RescaleSlope", "RescaleIntercept"):
            assert image[element.tag] == element
    assert image.PixelData == whole.PixelData


@pytest.mark.parametrize("syntax", COMPRESSED)
def test_the_header_is_parsed_once(
    syntax: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = take(packed(tmp_path / "in", syntax), tmp_path).chosen[0]

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("read from its start")

    monkeypatch.setattr(decode, "dcmread", refuse)
    np.testing.assert_array_equal(handle.load().hu, expected(8))


@pytest.mark.parametrize(
    "syntax",
    [
        *(DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian),
        *(ImplicitVRLittleEndian, RLELossless),
    ],
)
def test_other_encodings_are_read_from_the_start(syntax: str, tmp_path: Path) -> None:
    folder = packed(tmp_path / "in", syntax)
    assert frame_of(sorted(folder.iterdir())[0]).image_at is None
    np.testing.assert_array_equal(read(folder, tmp_path).hu, expected(8))


def test_an_element_out_of_order_moves_the_start(tmp_path: Path) -> None:
    path = sorted(packed(tmp_path / "in", JPEGLSLossless).iterdir())[0]
    content = bytearray(path.read_bytes())
    rows = content.index(b"\x28\0\x10\0US")
    moved = bytes(content[rows : rows + 10])
    del content[rows : rows + 10]
    name = content.index(b"\x10\0\x10\0PN")
    content[name:name] = moved
    path.write_bytes(content)
    frame = frame_of(path)
    assert frame.image_at == name
    image = read_image(path, start=name, transfer_syntax=frame.transfer_syntax)
    assert image is not None
    assert image.Rows == pydicom.dcmread(path).Rows


def test_a_file_that_changed_meanwhile_is_left_out(tmp_path: Path) -> None:
    folder = packed(tmp_path / "in", JPEGLSLossless)
    handle = take(folder, tmp_path).chosen[0]
    path = sorted(folder.iterdir())[3]
    path.write_bytes(path.read_bytes()[:200] + bytes(64) + path.read_bytes()[200:])
    volume = handle.load()
    assert "left out" in " ".join(note.message for note in volume.quality)


@pytest.mark.parametrize("syntax", [*COMPRESSED, RLELossless, ExplicitVRLittleEndian])
def test_another_patient_s_file_put_in_place_after_sorting_is_left_out(
    syntax: str, tmp_path: Path
) -> None:
    def other(dataset: Dataset, index: int) -> None:
        dataset.PatientID = "ID-9999"
        set_pixels(dataset, np.flip(dataset.pixel_array, 0).copy())

    others = series(tmp_path / "native", change=other)
    folder = packed(tmp_path / "in", syntax)
    handle = take(folder, tmp_path).chosen[0]
    path = sorted(folder.iterdir())[3]
    dataset = pydicom.dcmread(sorted(others.iterdir())[3])
    if syntax != ExplicitVRLittleEndian:
        dataset.compress(syntax, generate_instance_uid=False)
    dataset.save_as(path)
    volume = handle.load()
    np.testing.assert_array_equal(volume.hu, expected(8))  # filled in from its neighbours
    assert path.name in " ".join(note.message for note in volume.quality)


def test_a_series_whose_files_are_replaced_while_it_is_read_is_refused(tmp_path: Path) -> None:
    folder = packed(tmp_path / "in", JPEGLSLossless)
    handle = take(folder, tmp_path).chosen[0]
    for path in folder.iterdir():
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    with pytest.raises(InputError, match="the file was changed while the series was read"):
        handle.load()


def _written(element: bytes, how: str) -> bytes:
    """An explicit element with a short head, as UN or as implicit has it."""
    tag, vr, content = element[:4], element[4:6], element[8:]
    length = struct.pack("<I", len(content))
    heads = {"implicit": length, "UN": b"UN\0\0" + length, "explicit": vr + length[:2]}
    return tag + heads[how] + content


@pytest.mark.parametrize("syntax", COMPRESSED)
@pytest.mark.parametrize("how", ["implicit", "UN", "explicit"])
def test_a_first_element_with_another_head_is_read_from_the_start(
    how: str, syntax: str, tmp_path: Path
) -> None:
    folder = packed(tmp_path / "in", syntax)
    for path in folder.iterdir():
        content = path.read_bytes()
        at = content.index(b"\x28\0\x02\0US")  # Samples per Pixel, the first of them
        head, samples, rest = content[:at], content[at : at + 10], content[at + 10 :]
        path.write_bytes(head + _written(samples, how) + rest)
    np.testing.assert_array_equal(read(folder, tmp_path).hu, expected(8))


def test_an_offset_table_out_of_order_is_not_passed_over(tmp_path: Path) -> None:
    path = sorted(packed(tmp_path / "in", JPEGLSLossless).iterdir())[0]
    content = path.read_bytes()
    at = content.index(b"\x10\0\x10\0PN")
    offsets = b"\xe0\x7f\1\0OV\0\0\x08\0\0\0" + bytes(8)
    lengths = b"\xe0\x7f\2\0OV\0\0\x08\0\0\0" + struct.pack("<Q", 1000)
    path.write_bytes(content[:at] + offsets + lengths + content[at:])
    assert frame_of(path).image_at is None
