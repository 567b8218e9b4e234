"""A compressed image that announces another size than its header."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

from medical.dicom.header.frames import CtFile
from medical.dicom.header.headers import scan_file
from medical.dicom.header.unpack_limits import OtherSizeError, announced_size, check_sizes
from tests.medical.dicom.make import series, take

MANY = 30_000


def packed(folder: Path, syntax: str) -> Path:
    path = sorted(series(folder).iterdir())[0]
    dataset = pydicom.dcmread(path)
    dataset.compress(syntax)
    dataset.save_as(path)
    return path


def jpeg2000(content: bytearray) -> None:
    at = content.index(b"\xff\x4f\xff\x51")
    content[at + 8 : at + 16] = content[at + 24 : at + 32] = struct.pack(">2I", MANY, MANY)


def jpeg_ls(content: bytearray) -> None:
    at = content.index(b"\xff\xf7")
    content[at + 5 : at + 9] = struct.pack(">2H", MANY, MANY)


def many_components(content: bytearray) -> None:
    at = content.index(b"\xff\x4f\xff\x51")
    content[at + 40 : at + 42] = struct.pack(">H", 16_000)


def unknown(content: bytearray) -> None:
    at = content.index(b"\xff\x4f\xff\x51")
    content[at] = 0


@pytest.mark.parametrize(
    ("syntax", "bend"),
    [
        (JPEG2000Lossless, jpeg2000),
        (JPEG2000Lossless, many_components),
        (JPEG2000Lossless, unknown),
        (JPEGLSLossless, jpeg_ls),
    ],
)
def test_it_is_not_decoded(syntax: str, bend: Callable[[bytearray], None], tmp_path: Path) -> None:
    path = packed(tmp_path / "in", syntax)
    scanned = scan_file(path)
    assert isinstance(scanned, CtFile)
    check_sizes(pydicom.dcmread(path), scanned.frames)
    content = bytearray(path.read_bytes())
    bend(content)
    path.write_bytes(content)
    with pytest.raises(OtherSizeError):
        check_sizes(pydicom.dcmread(path), scanned.frames)
    volume = take(tmp_path / "in", tmp_path).chosen[0].load()
    assert volume.hu.shape[0] == 7
    assert "left out" in " ".join(note.message for note in volume.quality)


def test_a_file_in_a_file_is_looked_into() -> None:
    stream = b"\xff\x4f\xff\x51" + bytes(4) + struct.pack(">8I", 7, 9, 0, 0, 7, 9, 0, 0) + b"\0\1"
    assert announced_size(stream) == (9, 7)
    assert announced_size(b"\0\0\0\x0cjP  " + bytes(60) + stream) == (9, 7)


def test_two_sizes_in_one_image_are_refused() -> None:
    header = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 5, 6, 1) + bytes(3)
    assert announced_size(b"\xff\xd8" + header) == (5, 6)
    other = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 50, 60, 1) + bytes(3)
    with pytest.raises(OtherSizeError):
        announced_size(b"\xff\xd8" + header + other)
